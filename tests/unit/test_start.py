"""What a process of the site says when it starts, of what is not right with it."""

import logging
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ConnectionHandler

from chat.diagnostics import health
from chatsite import checks
from chatsite.checks import check_migrations
from chatsite.start import log_findings


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, settings: Any) -> pytest.LogCaptureFixture:
    """Of a site that is served by HTTPS."""
    settings.SESSION_COOKIE_SECURE = True
    monkeypatch.setattr(logging.getLogger("chatsite"), "propagate", True)
    return caplog


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Another one, of which there is not even a file."""
    settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "db.sqlite3"}
    connection = ConnectionHandler({"default": settings})["default"]
    monkeypatch.setattr(checks, "connection", connection)
    monkeypatch.setattr(health, "connection", connection)
    yield connection
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_site_that_is_right_says_nothing(log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.assets.checks.missing", list)  # wherever these tests run
    log_findings()
    assert log.messages == []


@pytest.mark.django_db(transaction=True)
def test_each_finding_is_a_line_with_what_to_do(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr("chat.assets.checks.missing", lambda: ["katex"])
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    settings.CHAT_LOCAL_MODEL = False
    log_findings()
    libraries, provider = sorted(log.messages)[::-1]
    assert provider.startswith("No model is set up, so no question can be answered. Set OPENAI_API_KEY")
    assert libraries.startswith("The browser's libraries are missing (katex)")
    assert [record.levelname for record in log.records] == ["WARNING", "WARNING"]


@pytest.mark.django_db(transaction=True)
def test_what_is_silenced_is_not_said(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr("chat.assets.checks.missing", lambda: ["katex"])
    settings.SILENCED_SYSTEM_CHECKS = ["chat.W009"]
    log_findings()
    assert log.messages == []


@pytest.mark.django_db(transaction=True)
def test_with_debug_runserver_says_it(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr("chat.assets.checks.missing", lambda: ["katex"])
    settings.DEBUG = True
    log_findings()
    assert log.messages == []


@pytest.mark.django_db
def test_nothing_is_pending() -> None:
    assert check_migrations(None) == []


def test_a_database_that_is_not_there_is_said_and_not_made(database: Any) -> None:
    (found,) = check_migrations(None)
    assert found.id == "chatsite.W006"
    assert "manage.py migrate" in found.hint
    assert not Path(database.settings_dict["NAME"]).exists()


@pytest.mark.django_db
def test_the_last_migration_that_is_pending_is_named() -> None:
    newest, before = MigrationRecorder.Migration.objects.filter(app="chat").order_by("-name")[:2]
    newest.delete()
    before.delete()
    (found,) = check_migrations(None)
    assert found.msg == f"The database lacks 2 migrations, up to chat.{newest.name}."


@pytest.mark.django_db
def test_a_database_that_cannot_be_read_is_said(database: Any) -> None:
    Path(database.settings_dict["NAME"]).write_bytes(b"no database" * 100)
    (found,) = check_migrations(None)
    assert (found.id, "file is not a database" in found.msg) == ("chatsite.W005", True)


@pytest.mark.django_db  # Django 6's checks ask it what it can
def test_other_commands_do_not_look(database: Any) -> None:
    assert not [
        found for found in run_checks() if str(found.id) in ("chatsite.W004", "chatsite.W005", "chatsite.W006")
    ]
