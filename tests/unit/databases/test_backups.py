"""Backups of both databases, and the way back."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections

from chat.models import Conversation, Message
from chatsite.databases import postgresql
from chatsite.databases.postgresql import PostgreSQL
from chatsite.databases.sqlite import SQLite
from chatsite.databases.whole_file import SUFFIX
from tests.http.test_erasure import everything_of
from tests.support.databases import as_default, empty_database

COUNTED = "It holds 1 users, 2 conversations, 4 messages and 2 attachments."


def command(*arguments: object) -> str:
    said = StringIO()
    call_command(*(str(each) for each in arguments), stdout=said)
    return said.getvalue()


def fill(name: str = "alice") -> None:
    owner = User.objects.create(username=name)
    everything_of(owner, "Öffentlich\n\t\\.\n")
    Conversation.with_deleted.filter(pk=everything_of(owner).pk).update(deleted_at="2026-01-01T00:00:00Z")


def rows() -> list[tuple]:
    return [*Conversation.with_deleted.order_by("pk").values_list(), *Message.objects.order_by("pk").values_list()]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def test_a_backup_holds_all_and_is_restored(database: dict, folder: Path, request: pytest.FixtureRequest) -> None:
    fill()
    before, file = rows(), folder / "backup"
    said = command("backup", file)
    assert f"Backed up: {file}, " in said
    assert "Not in it: " in said
    assert names(folder) == ["backup"]
    User.objects.all().delete()
    said = command("backup", "--verify", file)
    assert "is whole: " in said
    assert COUNTED in said
    assert "Its tables are those of this version." in said
    if connection.vendor == "sqlite":
        assert "What was there before is " in command("restore", file)
        assert rows() == before
    else:
        with pytest.raises(CommandError, match="not empty"):
            command("restore", file)
        with as_default(empty_database(request.getfixturevalue("postgres"))):
            assert "Restored 1 users, 2 conversations" in command("restore", file)
            assert rows() == before
    # Its index of words, too.
    User.objects.create(username="bob")


def test_what_is_written_meanwhile_does_not_hold_a_backup_up(sqlite: Path, folder: Path) -> None:
    """Nor does it wait: a transaction that writes is open all the time."""
    fill()
    with closing(sqlite3.connect(sqlite, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM chat_feedback")
        command("backup", folder / "backup")
        other.execute("COMMIT")
    with closing(sqlite3.connect(folder / "backup")) as backup:
        assert backup.execute("SELECT COUNT(*) FROM chat_feedback").fetchone() == (2,)


def test_nothing_is_overwritten_and_least_of_all_the_database(sqlite: Path, folder: Path) -> None:
    (folder / "there").write_text("of somebody else")
    (folder / "link").symlink_to(sqlite)
    targets = {
        folder / "there": "already",
        folder / "link": "belongs to the database itself",
        folder: "is a folder",
        folder / "nowhere" / "backup": "no folder",
        sqlite: "belongs to the database itself",
        sqlite.with_name("db.sqlite3-wal"): "belongs to the database itself",
    }
    for target, sentence in targets.items():
        with pytest.raises(CommandError, match=sentence):
            command("backup", target)
    assert (folder / "there").read_text() == "of somebody else"
    assert names(folder) == ["link", "there"]
    assert User.objects.count() == 0


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk that has hardly any room."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a disk")
    disk = tmp_path / "small"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_said_and_nothing_stays_there(
    database: dict, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    with pytest.raises(CommandError, match="no room"):
        command("backup", small / "backup")
    for kind in (SQLite, PostgreSQL):
        monkeypatch.setattr(kind, "largest_backup", lambda _: 0)  # as if it had filled up meanwhile
    with pytest.raises(CommandError, match=r"disk is full|No space left"):
        command("backup", small / "backup")
    assert names(small) == []


def test_a_backup_of_a_newer_version_is_not_restored(sqlite: Path, folder: Path) -> None:
    command("backup", folder / "backup")
    with closing(sqlite3.connect(folder / "backup")) as backup, backup:
        backup.execute("INSERT INTO django_migrations(app, name, applied) VALUES ('chat', '9999_later', 0)")
    assert "newer version than this program, which does not have chat.9999_later" in command(
        "backup", "--verify", folder / "backup"
    )
    with pytest.raises(CommandError, match=r"newer version, whose migrations chat\.9999_later"):
        command("restore", folder / "backup")
    with closing(sqlite3.connect(folder / "backup")) as backup, backup:
        backup.execute("DELETE FROM django_migrations WHERE name > '0018' AND app = 'chat'")
    assert "run `manage.py migrate`" in command("restore", folder / "backup")


def test_what_is_no_whole_backup_is_said_and_not_restored(sqlite: Path, folder: Path) -> None:
    fill()
    command("backup", folder / "whole")
    whole = (folder / "whole").read_bytes()
    middle = len(whole) // 2
    damaged = {
        "empty": b"",
        "foreign": b"<html>",
        "cut": whole[:middle],
        "changed": whole[:middle] + bytes(20_000) + whole[middle + 20_000 :],
        "postgresql": b"PGDMP\x01\x0e",
    }
    for name, content in damaged.items():
        (folder / name).write_bytes(content)
    with closing(sqlite3.connect(folder / "of-others")) as others:
        others.execute("CREATE TABLE something (id)")
    shutil.copyfile(folder / "whole", folder / "in-use")
    (folder / "in-use-wal").write_bytes(b"the latest")
    for name in (*damaged, "of-others", "in-use", "nowhere"):
        for arguments in (["backup", "--verify"], ["restore"]):
            with pytest.raises(CommandError):
                command(*arguments, folder / name)
    assert User.objects.count() == 1
    assert names(sqlite.parent) == ["db.sqlite3"] or connection.connection


def test_nothing_is_restored_while_the_site_runs(sqlite: Path, folder: Path) -> None:
    fill()
    command("backup", folder / "backup")
    with closing(sqlite3.connect(sqlite)) as site:
        site.execute("SELECT 1 FROM auth_user").fetchone()
        with pytest.raises(CommandError, match="in use: stop the site"):
            command("restore", folder / "backup")
    (sqlite.parent / f".db.sqlite3{SUFFIX}").write_bytes(b"of one that was killed")
    command("restore", folder / "backup")
    assert [name for name in names(sqlite.parent) if name.endswith(SUFFIX)] == []


def test_what_lay_beside_the_old_database_does_not_come_to_the_new_one(sqlite: Path, folder: Path) -> None:
    fill()
    command("backup", folder / "backup")
    connection.close()
    sqlite.unlink()
    sqlite.with_name("db.sqlite3-wal").write_bytes(b"of one that was killed")
    assert "What was there before" not in command("restore", folder / "backup")
    assert not sqlite.with_name("db.sqlite3-wal").exists()
    assert User.objects.count() == 1


def test_a_backup_of_the_other_database_says_what_to_do(sqlite: Path, folder: Path, postgres: str) -> None:
    command("backup", folder / "backup")
    with (
        as_default(empty_database(postgres)),
        pytest.raises(CommandError, match="of SQLite, and DATABASE_URL names a PostgreSQL"),
    ):
        command("restore", folder / "backup")


def test_programs_older_than_the_server_or_missing_are_named(
    postgres: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = folder / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
    program.chmod(0o755)
    with as_default(connections.settings[postgres]):
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        with pytest.raises(CommandError, match=r"of PostgreSQL 9, the server of .*: install postgresql-client-\d+"):
            command("backup", folder / "backup")
        monkeypatch.setenv("PATH", str(folder / "nowhere"))
        with pytest.raises(CommandError, match="no pg_dump on this machine"):
            command("backup", folder / "backup")
    assert names(folder) == ["pg_dump"]


def test_a_password_is_on_no_command_line(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"sslmode": "prefer", "options": "-c statement_timeout=0", "keepalives": 1}
    changed = connections.settings[postgres] | {"PASSWORD": "s3cret", "OPTIONS": options}
    with as_default(changed):
        environment = postgresql._environment()
    assert environment["PGPASSWORD"] == "s3cret"
    assert environment["PGSSLMODE"] == "prefer"
    assert environment["PGOPTIONS"] == "-c statement_timeout=0"
    assert environment["PGPORT"] == str(connections.settings[postgres]["PORT"])


def test_a_server_that_is_away_is_said(folder: Path, sqlite: Path, postgres: str) -> None:
    with (
        as_default(connections.settings[postgres] | {"PORT": 9}),
        pytest.raises(CommandError, match="PostgreSQL says"),
    ):
        command("backup", folder / "backup")
    assert names(folder) == []
