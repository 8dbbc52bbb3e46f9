"""What deleted rows leave behind in the files of the database, and how that goes too.

SQLite marks what is deleted as free and leaves its bytes where they are, in the file and in the log beside it (-wal);
its index of words keeps a deleted word until it is merged with others. PostgreSQL keeps deleted rows until a vacuum.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import Model
from django.dispatch import receiver

from chat.failures import Kind, cause_of

try:
    import fcntl
except ImportError:  # Windows: SQLite's own locks must do
    fcntl = None  # type: ignore[assignment]

P = ParamSpec("P")
R = TypeVar("R")

WORDS_CAN_BE_OVERWRITTEN = sqlite3.sqlite_version_info >= (3, 42)
ADVISORY_LOCK = 0x63686174
"""Ours among PostgreSQL's: "chat"."""
BUSY_MS = 1000
"""How long the log waits for readers to be emptied. Nobody writes meanwhile; the next look tries again."""


@receiver(connection_created)
def overwrite_from_the_first(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """What is deleted is overwritten, by whatever connection: https://sqlite.org/pragma.html#pragma_secure_delete

    Some builds of SQLite have it on by themselves; most have not.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def overwrite_deleted() -> None:
    """From now on words that are deleted are overwritten in their index, whichever connection deletes them.

    Where SQLite is new enough: https://sqlite.org/fts5.html#the_secure_delete_configuration_option
    """
    if connection.vendor == "sqlite" and WORDS_CAN_BE_OVERWRITTEN:
        _execute("INSERT INTO chat_search(chat_search, rank) VALUES ('secure-delete', 1)")


def forget_words() -> None:
    """Words that were deleted are in no older part of their index, where it was not overwritten."""
    if connection.vendor == "sqlite" and not WORDS_CAN_BE_OVERWRITTEN:
        _optimize()


def forget_deleted() -> None:
    """What was deleted is in no log any more. In a transaction of somebody else's there is nothing to be done yet."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        _empty_log()


def despite_full_disk(delete: Callable[P, R]) -> Callable[P, R]:
    """For a transaction that deletes: SQLite needs room in its log for that, too.

    Where the disk has none, what is in the log goes to the database first, as far as that need not grow for it; then
    the log begins anew, in the room that it has already (https://sqlite.org/wal.html#ckpt).
    """

    @wraps(delete)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return delete(*args, **kwargs)
        except DatabaseError as exc:
            cause = cause_of(exc)
            is_full = cause is not None and cause.kind == Kind.FULL
            if not is_full or connection.vendor != "sqlite" or connection.in_atomic_block:
                raise
        _execute("PRAGMA wal_checkpoint(RESTART)")
        return delete(*args, **kwargs)

    return wrapped


@contextmanager
def alone(if_waiting: Callable[[], None]) -> Iterator[None]:
    """Of all who erase by command one at a time. The lock goes with its process, however that ends."""
    if connection.vendor == "sqlite":
        with _lock_file(if_waiting):
            yield
        return
    if not _advised("SELECT pg_try_advisory_lock(%s)"):
        if_waiting()
        _advised("SELECT pg_advisory_lock(%s)")
    try:
        yield
    finally:
        _advised("SELECT pg_advisory_unlock(%s)")


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


@contextmanager
def _lock_file(if_waiting: Callable[[], None]) -> Iterator[None]:
    """Beside the database. Never that file itself: to close it would end SQLite's own locks of this process."""
    database = Path(str(connection.settings_dict["NAME"]))
    if not fcntl or not database.is_file():
        yield
        return
    with database.with_name(f"{database.name}-erasing").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if_waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _advised(statement: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])


def _optimize() -> None:
    """Merge all parts of the index of words into one, which deleted words are not in."""
    _execute("INSERT INTO chat_search(chat_search) VALUES ('optimize')")


def _empty_log() -> None:
    """All that was logged is written to the database, and the log made empty: https://sqlite.org/wal.html#ckpt"""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (patience,) = cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {min(BUSY_MS, patience)}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {patience}")


def _tables() -> list[str]:
    """Those from which something is erased: ours, that of users, and what the administration says of either."""
    models: list[type[Model]] = [*apps.get_app_config("chat").get_models(), get_user_model()]
    if apps.is_installed("django.contrib.admin"):
        models.append(apps.get_model("admin", "LogEntry"))
    return [model._meta.db_table for model in models]


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
