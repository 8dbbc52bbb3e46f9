"""Whether the database is newer than the program: a newer version has migrated it, as where its backup is restored.

Of this project's own tables alone: libraries drop migrations of theirs that a database goes on recording.
"""

import logging
from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from chatsite.at_start import asked

OURS = ("chat", "chatsite")

logger = logging.getLogger("chatsite")


def fault_in_version(connection: Any) -> str | None:
    """What to say of a database that a newer version has migrated; None of any other, an empty one too.

    `connection`: Django's, of any alias. Raises DatabaseError.
    """
    if not (unknown := unknown_migrations(connection)):
        return None
    return (
        f"The database is newer than this program, which does not have its migrations {', '.join(unknown)}: "
        "install the version that made it, or restore a backup of this one."
    )


def unknown_migrations(connection: Any) -> list[str]:
    """Those that the database records and this program does not have."""
    return unknown_among(MigrationRecorder(connection).applied_migrations())


def unknown_among(recorded: Iterable[tuple[str, str]]) -> list[str]:
    """Of `(app, name)`, as a database or a backup records them; as `chat.0021_name`."""
    return sorted(f"{app}.{name}" for app, name in recorded if app in OURS and name not in _known(app))


def missing_from(recorded: Iterable[tuple[str, str]]) -> list[str]:
    """Those of this program that are not among these, as `unknown_among` has them: `migrate` is still to run."""
    there = set(recorded)
    return sorted(f"{app}.{name}" for app in OURS for name in _known(app) if (app, name) not in there)


def _known(app: str) -> set[str]:
    """By the names of their files: to import them all takes a site a third of a second at its start."""
    return {module.name for module in iter_modules(import_module(f"{app}.migrations").__path__)}


def warn_if_database_is_newer() -> None:
    """Called at start; never fails. The site starts all the same: while it is upgraded, older processes go on."""
    if fault := asked(_fault):
        logger.error(fault)


def _fault() -> str | None:
    try:
        return fault_in_version(connections["default"])
    except Exception:  # whatever it is, the site starts: it says more at the first request
        return None
