"""The site's database, for the time of a test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from tests.support.databases import as_default, migrated_database
from tests.support.once import FOLDER


@pytest.fixture
def sqlite(tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Path]:
    """The file of the site's database."""
    folder = tmp_path / "site"
    folder.mkdir()
    file = Path(shutil.copyfile(FOLDER / "migrated.sqlite3", folder / "db.sqlite3"))
    with django_db_blocker.unblock(), as_default(connections.settings["default"] | {"NAME": str(file)}):
        yield file


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, object]]:
    """The site's, of each kind; what it is moved or restored to is as empty as it was."""
    if request.param == "sqlite":
        request.getfixturevalue("sqlite")
        yield connections.settings["default"]
        return
    server = request.getfixturevalue("postgres")
    with django_db_blocker.unblock(), as_default(migrated_database(server)):
        yield connections.settings["default"]
