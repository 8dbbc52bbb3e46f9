"""SQLite: a backup is a database like the one that it is of, without free pages."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from django.db import DatabaseError, connections

from chatsite.databases.base import COUNTED, Contents, Database
from chatsite.databases.errors import Refused
from chatsite.databases.whole_file import need_space, whole_file

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a database, by how its name goes on."""
INTERRUPTIBLE = 100_000
"""Steps of SQLite's after which Python gets to see that it was interrupted."""


class SQLite(Database):
    name = "SQLite"
    signature = b"SQLite format 3\0"

    def refuse_target(self, path: Path) -> None:
        file, target = database_file(), path.resolve()
        if target in [file, *(file.with_name(file.name + end) for end in BESIDE)]:
            raise Refused(f"{path} belongs to the database itself.")

    def largest_backup(self) -> int:
        with _asking() as ask:
            return int((ask("PRAGMA page_count") - ask("PRAGMA freelist_count")) * ask("PRAGMA page_size"))

    def back_up(self, file: IO[bytes]) -> None:
        """By VACUUM INTO, which reads at one moment while others write. SQLite's other way, `.backup`, begins anew

        whenever another process writes: beside answers that are being written it does not end.
        https://sqlite.org/lang_vacuum.html#vacuuminto
        """
        with _asking() as ask:
            ask("VACUUM INTO %s", file.name)

    def contents(self, path: Path) -> Contents:
        if any(path.with_name(path.name + end).exists() for end in ("-wal", "-journal")):
            raise Refused(f"{path} is a database in use, or was: beside it is what was written last.")
        try:
            # Nothing is written, not even beside it.
            with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?immutable=1", uri=True)) as backup:
                return _contents(backup)
        except sqlite3.Error as exc:
            raise Refused(f"{path} is damaged, or no database of this site: {exc}.") from exc

    def restore(self, path: Path) -> str:
        target = database_file()
        self.refuse_target(path)
        connections["default"].close()
        with whole_file(target, replaces=True) as new, alone(target):
            need_space(target.parent, path.stat().st_size)
            with path.open("rb") as backup:
                shutil.copyfileobj(backup, new, 1024 * 1024)
            new.flush()
            return _set_aside(target)


def database_file() -> Path:
    return Path(str(connections["default"].settings_dict["NAME"])).resolve()


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Nobody else has this database open meanwhile; all of it is in the file itself. Raises Refused if somebody has.

    Where it is damaged nobody knows.
    """
    if not file.exists():
        yield
        return
    with closing(sqlite3.connect(file, timeout=1, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as exc:
            if "locked" in str(exc):
                raise Refused(f"The database {file} is in use: stop the site first.") from exc
        except sqlite3.DatabaseError:
            pass
        yield


@contextmanager
def _asking() -> Iterator[Callable[..., Any]]:
    """By a connection of its own, as the site has them: the first value that a statement gives."""
    if not database_file().is_file():
        raise Refused(f"There is no database {database_file()}.")
    connection = connections.create_connection("default")

    def ask(statement: str, *values: str) -> Any:
        with connection.cursor() as cursor:
            connection.connection.set_progress_handler(lambda: 0, INTERRUPTIBLE)
            row = cursor.execute(statement, values).fetchone()
        return row and row[0]

    try:
        yield ask
    except DatabaseError as exc:
        raise Refused(f"SQLite says: {exc}.") from exc
    finally:
        connection.close()


def _contents(backup: sqlite3.Connection) -> Contents:
    (fault,) = backup.execute("PRAGMA integrity_check(1)").fetchone()
    if fault != "ok":
        raise sqlite3.DatabaseError(fault)
    rows = {table: backup.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in COUNTED}  # noqa: S608
    return Contents(rows, set(backup.execute("SELECT app, name FROM django_migrations")))


def _set_aside(file: Path) -> str:
    """The file itself stays until another takes its place, so that there always is one."""
    aside = file.with_name(f"{file.name}-before-{datetime.now():%Y%m%d-%H%M%S}")
    for end in BESIDE:
        if (beside := file.with_name(file.name + end)).exists():
            beside.rename(aside.with_name(aside.name + end))
    if not file.exists():
        return ""
    os.link(file, aside)
    return f"What was there before is {aside} now: delete it when you no longer want it."
