"""What deleted rows leave behind in the files of the database, and how that goes too.

SQLite marks what is deleted as free and leaves its bytes where they are, in the file and in the log beside it (-wal);
its index of words keeps a deleted word until it is merged with others. PostgreSQL keeps deleted rows until a vacuum.
"""

import sqlite3

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Model

WORDS_CAN_BE_OVERWRITTEN = sqlite3.sqlite_version_info >= (3, 42)


def overwrite_deleted() -> None:
    """From now on what this connection deletes is overwritten: https://sqlite.org/pragma.html#pragma_secure_delete

    Words too (https://sqlite.org/fts5.html#the_secure_delete_configuration_option), where SQLite is new enough.
    """
    if connection.vendor == "sqlite":
        _execute("PRAGMA secure_delete = ON")
        if WORDS_CAN_BE_OVERWRITTEN:
            _execute("INSERT INTO chat_search(chat_search, rank) VALUES ('secure-delete', 1)")


def forget_deleted() -> None:
    """What was deleted is in no log any more, and its words are in no older part of their index."""
    if connection.vendor == "sqlite":
        if not WORDS_CAN_BE_OVERWRITTEN:
            _optimize()
        _empty_log()


def vacuum() -> None:
    """Write the database anew, without anything that was deleted. While it lasts nobody can write to it.

    On PostgreSQL nobody can even read its tables meanwhile; its backups and archived logs are their keeper's.
    """
    if connection.vendor == "sqlite":
        _optimize()
        _execute("VACUUM")
        _empty_log()
    else:
        for table in _tables():
            _execute(f"VACUUM FULL {connection.ops.quote_name(table)}")


def _optimize() -> None:
    """Merge all parts of the index of words into one, which deleted words are not in."""
    _execute("INSERT INTO chat_search(chat_search) VALUES ('optimize')")


def _empty_log() -> None:
    """All that was logged is written to the database, and the log made empty."""
    _execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _tables() -> list[str]:
    """Those from which something is erased: ours, that of users, and what the administration says of either."""
    models: list[type[Model]] = [*apps.get_app_config("chat").get_models(), get_user_model()]
    if apps.is_installed("django.contrib.admin"):
        models.append(apps.get_model("admin", "LogEntry"))
    return [model._meta.db_table for model in models]


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
