import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0004_points_are_cheap_to_store")]

    operations = [
        migrations.AddIndex(
            model_name="logline",
            index=models.Index(fields=["run", "id"], name="lines_of_a_run_in_order"),
        ),
        migrations.AlterField(
            model_name="logline",
            name="run",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="log_lines", to="runs.run"
            ),
        ),
    ]
