"""How many rows staff found in a list, and by which words; and no title stays in Django's log, which its pages show."""

import django.db.models.deletion
import django.utils.timezone
from django.apps import apps as installed
from django.db import migrations, models


def name_by_id(apps, schema_editor):
    """As deletions name conversations by now, and as earlier versions named what was read."""
    connection = schema_editor.connection
    if not installed.is_installed("django.contrib.admin"):
        return
    LogEntry, kinds = installed.get_model("admin", "LogEntry"), installed.get_model("contenttypes", "ContentType")
    if not {LogEntry._meta.db_table, kinds._meta.db_table} <= set(connection.introspection.table_names()):
        return
    of_conversations = {"content_type__app_label": "chat", "content_type__model": "conversation"}
    entries = LogEntry._base_manager.using(connection.alias).filter(**of_conversations, object_id__isnull=False)
    entries.exclude(object_repr="(erased)").update(object_repr=models.F("object_id"))


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0012_imports"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchedWords",
            fields=[
                (
                    "reading",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="searched",
                        serialize=False,
                        to="chat.reading",
                    ),
                ),
                ("words", models.TextField()),
                ("created_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "verbose_name": "words of a search",
                "verbose_name_plural": "words of searches",
            },
        ),
        migrations.AddField(
            model_name="reading",
            name="hits",
            field=models.PositiveIntegerField(help_text="How many rows a list had.", null=True, verbose_name="hits"),
        ),
        migrations.RunPython(name_by_id, migrations.RunPython.noop),
    ]
