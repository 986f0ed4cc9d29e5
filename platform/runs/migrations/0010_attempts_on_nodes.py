import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0001_initial"),
        ("runs", "0009_lives_of_a_run"),
    ]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="node",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="attempts", to="fleet.node"
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="gpus",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                default=list,
                help_text="Which slots of the node it holds: on a node with GPUs, their numbers.",
                size=None,
            ),
        ),
    ]
