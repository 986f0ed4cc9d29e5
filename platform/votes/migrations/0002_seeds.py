import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("votes", "0001_votes"),
    ]

    operations = [
        migrations.AddField(
            model_name="vote",
            name="seeds",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, help_text="Empty where any will do.", size=None
            ),
        ),
    ]
