"""Backups of the site's database, and the way back."""

from collections.abc import Sequence
from pathlib import Path

from django.db import connection

from chatsite.database_version import unknown_among
from chatsite.databases.base import Contents, Database
from chatsite.databases.errors import Refused
from chatsite.databases.postgresql import PostgreSQL
from chatsite.databases.sqlite import SQLite
from chatsite.databases.whole_file import as_sentence, need_space, whole_file

KINDS: Sequence[type[Database]] = (SQLite, PostgreSQL)


def back_up(path: Path) -> None:
    """Store all that the database holds at this moment in a new file, while the site runs or not. Raises Refused."""
    database = _of_site()
    database.refuse_target(path)
    with whole_file(path) as file:
        need_space(path.parent, database.largest_backup())
        database.back_up(file)


def verify(path: Path) -> tuple[Database, Contents]:
    """Read all of a backup; which database it is of, and what it holds. Raises Refused if it is no whole one."""
    with as_sentence():
        database = _of_file(path)
        return database, database.contents(path)


def restore(path: Path) -> tuple[Contents, str]:
    """Make a backup the site's database, of the kind that the site has. Raises Refused; then all is as it was.

    Gives what it holds, and what else there is to know, in a sentence or none.
    """
    database, contents = verify(path)
    if database.name != (ours := _of_site()).name:
        raise Refused(f"This is a backup of {database.name}, and DATABASE_URL names a {ours.name}.")
    if unknown := unknown_among(contents.migrations):
        raise Refused(
            f"This is a backup of a newer version, whose migrations {', '.join(unknown)} are not known here: "
            "install the version that made it."
        )
    with as_sentence():
        return contents, database.restore(path)


def _of_site() -> Database:
    return next(kind() for kind in KINDS if kind.name == connection.display_name)


def _of_file(path: Path) -> Database:
    with path.open("rb") as file:
        beginning = file.read(16)
    for kind in KINDS:
        if beginning.startswith(kind.signature):
            return kind()
    raise Refused(f"{path} is no backup: it begins neither as one of SQLite nor as one of PostgreSQL.")
