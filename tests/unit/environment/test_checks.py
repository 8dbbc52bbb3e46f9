"""What the system checks say of the site's settings that the start lets pass."""

from pathlib import Path
from typing import Any

import pytest

from chatsite import checks
from chatsite.environment.dotenv import Entry
from chatsite.settings import env


def test_misspelt_names_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_names(None) == []
    monkeypatch.setenv("CHAT_LIVE_PER_USR", "3")
    monkeypatch.setattr(env, "entries", [Entry("SECRETKEY", "s3cret", 1), Entry("A", "", 2), Entry("A", "", 3)])
    said = [found.msg.partition(" ")[0] for found in checks.check_names(None) if "s3cret" not in found.msg]
    assert said == ["CHAT_LIVE_PER_USR", "SECRETKEY", "A"]


@pytest.mark.parametrize(
    ("name", "ids"),
    [("db.sqlite3", []), ("nowhere/db.sqlite3", ["chatsite.E020"]), (".", ["chatsite.E020"]), ("db/db.sqlite3", [])],
)
def test_a_folder_that_is_not_there_is_said(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, name: str, ids: list[str]
) -> None:
    (tmp_path / "db").mkdir()
    database = settings.DATABASES["default"]
    monkeypatch.setitem(database, "NAME", str(tmp_path / name))
    monkeypatch.setitem(database, "ENGINE", "django.db.backends.sqlite3")
    assert [found.id for found in checks.check_database_file(None)] == ids
    monkeypatch.setitem(database, "ENGINE", "django.db.backends.postgresql")
    assert checks.check_database_file(None) == []


def test_a_site_without_a_name_is_said(settings: Any) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = False, []
    assert [found.id for found in checks.check_hosts(None)] == ["chatsite.W021"]
    settings.ALLOWED_HOSTS = ["chat.example.org"]
    assert checks.check_hosts(None) == []


@pytest.mark.parametrize(("wrong", "logins", "ids"), [(20, 10, []), (30, 0, []), (30, 20, ["chatsite.W022"])])
def test_a_limit_of_logins_that_is_never_reached(settings: Any, wrong: int, logins: int, ids: list[str]) -> None:
    settings.CHAT_WRONG_LOGINS_PER_MINUTE, settings.CHAT_LOGINS_PER_MINUTE = wrong, logins
    assert [found.id for found in checks.check_logins(None)] == ids
