"""PostgreSQL: the newest entries of an owner, in which a frequent word is found at once."""

from django.db import migrations


def create_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE INDEX chat_search_newest ON chat_searchentry (owner_id, id)")


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX chat_search_newest")


class Migration(migrations.Migration):
    dependencies = [("chat", "0007_attachments")]

    operations = [migrations.RunPython(create_index, drop_index)]
