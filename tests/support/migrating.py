"""A database of its own that goes from one version of the tables to another, and back."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.models import Model
from pytest_django.plugin import DjangoDbBlocker

from tests.support.once import FOLDER


def migrate(alias: str, name: str | None = None) -> None:
    """To the migration of this name; without one to the latest."""
    call_command("migrate", "chat", *([name] if name else []), database=alias, verbosity=0)


@contextmanager
def migrating(
    request: pytest.FixtureRequest, folder: Path, blocker: DjangoDbBlocker, made: Iterable[type[Model]]
) -> Iterator[str]:
    """The alias of an empty SQLite, or of PostgreSQL, as `request.param` says.

    At the end it is of the latest version, without rows of the models that a test has `made`.
    """
    is_sqlite = request.param == "sqlite"
    alias = "migrating" if is_sqlite else request.getfixturevalue("postgres")
    with blocker.unblock():
        if is_sqlite:
            # Not of the file that is in use: whoever closes it again lets go of what SQLite has locked there.
            file = shutil.copyfile(FOLDER / "migrated.sqlite3", folder / "migrating.sqlite3")
            connections.settings[alias] = connections.settings["default"] | {"NAME": str(file)}
        yield alias
        migrate(alias)
        for model in made:
            model._base_manager.using(alias).all().delete()
        connections[alias].close()
        if is_sqlite:
            del connections[alias], connections.settings[alias]
