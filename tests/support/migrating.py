"""A database of its own that goes from one version of the tables to another, and back."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from tests.support.once import FOLDER, made_once

ALIAS = "migrating"
LATEST = FOLDER / "migrated.sqlite3"


def migrate(alias: str, name: str | None = None) -> None:
    """To the migration of this name; without one to the latest."""
    call_command("migrate", "chat", *([name] if name else []), database=alias, verbosity=0)


@contextmanager
def migrating(
    request: pytest.FixtureRequest, folder: Path, blocker: DjangoDbBlocker, name: str | None = None
) -> Iterator[str]:
    """The alias of an empty SQLite, or of PostgreSQL, as `request.param` says: of the migration of this name, or

    without one of the latest. It is a copy, which goes with the test.
    """
    with blocker.unblock():
        if request.param == "sqlite":
            # Not of the file that is in use: whoever closes it again lets go of what SQLite has locked there.
            source = made_once(FOLDER / f"{name}.sqlite3", lambda file: _go_back(file, name)) if name else LATEST
            file = shutil.copyfile(source, folder / "migrating.sqlite3")
            database = connections.settings["default"] | {"NAME": file}
        else:
            database = _copy_on_postgres(request.getfixturevalue("postgres"), name)
        with known(database):
            yield ALIAS


def _go_back(file: Path, name: str) -> None:
    shutil.copyfile(LATEST, file)
    with known(connections.settings["default"] | {"NAME": file}):
        migrate(ALIAS, name)


def _copy_on_postgres(server: str, name: str | None) -> dict[str, object]:
    """A new database on this server; a first one of each version is what later ones are copied from."""
    settings, ours = connections.settings[server], f"migrating_{uuid.uuid4().hex}"
    with connections[server].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if name and not cursor.fetchone():
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{settings["NAME"]}"')
            with known(settings | {"NAME": name}):
                migrate(ALIAS, name)
        cursor.execute(f'CREATE DATABASE "{ours}" TEMPLATE "{name or settings["NAME"]}"')
    return settings | {"NAME": ours}


@contextmanager
def known(database: dict[str, object]) -> Iterator[None]:
    connections.settings[ALIAS] = database
    ContentType.objects.clear_cache()  # whose ids are others in each
    yield
    connections[ALIAS].close()
    del connections[ALIAS], connections.settings[ALIAS]
    ContentType.objects.clear_cache()
