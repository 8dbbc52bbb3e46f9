"""A database that a newer version has migrated is told from all others."""

import logging
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from pytest_django.plugin import DjangoDbBlocker

from chatsite import database_version
from chatsite.database_version import fault_in_version, unknown_migrations, warn_if_database_is_newer


def record(app: str, name: str) -> None:
    MigrationRecorder(connection).record_applied(app, name)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("app", "name", "newer"),
    [
        ("chat", "0999_later", True),
        ("chatsite", "0999_later", True),
        ("auth", "0999_later", False),
        ("of_an_app_that_is_gone", "0001_initial", False),
    ],
)
def test_of_what_a_newer_version_has_recorded(app: str, name: str, newer: bool) -> None:
    assert fault_in_version(connection) is None
    record(app, name)
    assert unknown_migrations(connection) == ([f"{app}.{name}"] if newer else [])
    assert ("newer than this program" in (fault_in_version(connection) or "")) == newer


@pytest.mark.django_db
def test_the_check_says_so_and_nothing_is_migrated() -> None:
    assert "chatsite.E005" not in [found.id for found in run_checks(databases=["default"])]
    record("chatsite", "0999_later")
    assert "chatsite.E005" in [found.id for found in run_checks(databases=["default"])]
    assert "chatsite.E005" not in [found.id for found in run_checks()], "only where databases may be asked"
    with pytest.raises(SystemCheckError, match=r"chatsite\.0999_later"):
        call_command("migrate", skip_checks=False, verbosity=0)


@pytest.mark.django_db
def test_an_empty_database_is_not_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MigrationRecorder, "has_table", lambda self: False)
    assert fault_in_version(connection) is None


def test_so_it_is_on_postgresql(postgres: str, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        assert fault_in_version(connections[postgres]) is None
        recorder = MigrationRecorder(connections[postgres])
        recorder.record_applied("chat", "0999_later")
        found = unknown_migrations(connections[postgres])
        recorder.record_unapplied("chat", "0999_later")
    assert found == ["chat.0999_later"]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("chatsite"), "propagate", True)
    return caplog


def test_the_start_says_so(log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_version, "unknown_migrations", lambda connection: ["chat.0999_later"])
    warn_if_database_is_newer()
    (line,) = log.messages
    assert line.startswith("The database is newer than this program")


def test_a_start_without_a_database_goes_on(log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: Any) -> list[str]:
        raise ConnectionError

    monkeypatch.setattr(database_version, "unknown_migrations", fail)
    warn_if_database_is_newer()
    assert log.messages == []
