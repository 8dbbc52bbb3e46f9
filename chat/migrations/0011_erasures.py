"""Erasures that are under way, and when messages were accepted; deleted words are overwritten in the index of words."""

import sqlite3

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def overwrite_words(apps, schema_editor):
    """https://sqlite.org/fts5.html#the_secure_delete_configuration_option"""
    if schema_editor.connection.vendor == "sqlite" and sqlite3.sqlite_version_info >= (3, 42):
        statement = "INSERT INTO chat_search(chat_search, rank) VALUES ('secure-delete', 1)"
        schema_editor.connection.cursor().execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("chat", "0010_readings_so_far"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountErasure",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "verbose_name": "erasure of an account",
                "verbose_name_plural": "erasures of accounts",
            },
        ),
        migrations.CreateModel(
            name="ThrottleEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "accepted message",
                "verbose_name_plural": "accepted messages",
                "indexes": [models.Index(models.F("owner"), models.F("at"), name="throttle_recent")],
            },
        ),
        migrations.RunPython(overwrite_words, migrations.RunPython.noop),
    ]
