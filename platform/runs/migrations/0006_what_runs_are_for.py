import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0005_log_lines_in_order"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="archived_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="cloned_from",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="clones", to="runs.run"
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="continued_from",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="continuations",
                to="runs.checkpoint",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="notes",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="run",
            name="num_gpus",
            field=models.PositiveSmallIntegerField(default=1, help_text="GPUs of one node that the run takes."),
        ),
        migrations.AddField(
            model_name="run",
            name="priority",
            field=models.SmallIntegerField(choices=[(-1, "Low"), (0, "Normal"), (1, "High")], default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="stop_requested_at",
            field=models.DateTimeField(help_text="To be put down after the next checkpoint.", null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), blank=True, default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("running", "Running"),
                    ("finished", "Finished"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                    ("stopped", "Stopped"),
                ],
                db_index=True,
                default="queued",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=django.contrib.postgres.indexes.GinIndex(fields=["tags"], name="runs_by_tag"),
        ),
    ]
