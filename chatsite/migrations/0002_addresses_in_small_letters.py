from django.conf import settings
from django.db import migrations
from django.db.models.functions import Lower


def lower(apps, schema_editor):
    """Addresses are compared without regard to case; allauth does it by storing them so."""
    users = apps.get_model(settings.AUTH_USER_MODEL)._default_manager.using(schema_editor.connection.alias)
    users.exclude(email=Lower("email")).update(email=Lower("email"))


class Migration(migrations.Migration):
    dependencies = [
        ("chatsite", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(lower, migrations.RunPython.noop)]
