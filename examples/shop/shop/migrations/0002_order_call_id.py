from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="call_id",
            field=models.UUIDField(editable=False, null=True, unique=True),
        ),
    ]
