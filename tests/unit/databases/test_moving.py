"""A site moves from SQLite to PostgreSQL, with all that it holds or not at all."""

import hashlib
import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connection, connections, transaction
from django.utils import timezone

from chat.models import Attachment, AttachmentContent, Conversation, MessagePart, Preferences, SearchEntry
from chatsite.databases import moving
from chatsite.databases.errors import Refused
from chatsite.databases.moved_rows import MovedTable
from chatsite.models import Invitation
from tests.http.test_erasure import everything_of
from tests.support.databases import as_default, empty_database, url_of
from tests.support.waiting import eventually

Database = dict[str, Any]
NUL = "Before\0after"


def move(target: Database) -> str:
    said = StringIO()
    call_command("movedatabase", url_of(target), stdout=said)
    return said.getvalue()


def fill() -> None:
    """Of every kind, also what is hidden, what refers to itself, and what PostgreSQL does not take."""
    owner = User.objects.create(username="Zoë", email="zoe@example.org")
    owner.groups.add(Group.objects.create(name="Staff"))
    gone = User.objects.create(username="gone")
    talk = everything_of(owner, "Größe 😀\t\\N\\.\n")
    deleted = everything_of(owner, "In the bin")
    Conversation.with_deleted.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    unsent = Attachment.objects.create(owner=owner, kind="pdf", name="f", media_type="application/pdf", size=1000)
    AttachmentContent.objects.create(attachment=unsent, data=bytes(range(256)) * 4, text=NUL)
    MessagePart.objects.filter(message__conversation=talk).update(text=NUL)
    talk.shares.update(snapshot={"b": [1, 1.0, 1e16, NUL, "\ud800"], "a": None})
    Preferences.objects.create(user=owner, system_prompt="Be brief")
    Session.objects.create(session_key="k" * 32, session_data="data", expire_date=timezone.now())
    invitation = Invitation.objects.create(digest="d" * 64, made_by=owner)
    invitation.groups.add(*Group.objects.all())
    gone.delete()


def everything() -> dict[str, list[list]]:
    """All rows of all tables, as PostgreSQL has them."""
    return {
        model._meta.db_table: [
            [fitting(value) for value in row] for row in model._base_manager.order_by("pk").values_list()
        ]
        for model in moving.tables()
    }


def fitting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: fitting(each) for name, each in value.items()}
    if isinstance(value, list):
        return [fitting(each) for each in value]
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    return bytes(value) if isinstance(value, memoryview) else value


def schema(database: Database) -> list[str]:
    """Without the conditions of indexes, which PostgreSQL says in other words once it has read its own."""
    command = ["pg_dump", "--schema-only", "--no-owner", f"--dbname={url_of(database)}"]
    dump = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    lines = [line.rstrip(",") for line in dump.splitlines() if not line.startswith(("--", "\\"))]
    return sorted(re.sub(r"^(CREATE .*INDEX .*) WHERE .*", r"\1", line) for line in lines)


def test_killed_in_the_middle_it_is_begun_again_and_all_comes_along(sqlite: Path, postgres: str) -> None:
    fill()
    before = everything()
    connection.close()
    digest, target = hashlib.sha256(sqlite.read_bytes()).hexdigest(), empty_database(postgres)
    move_and_be_killed(target, "chat_message: 4 rows")

    def is_undone() -> bool:
        with connections[postgres].cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = %s", [target["NAME"]])
            return cursor.fetchone() == (0,)

    eventually(is_undone, "The server has noticed that nobody is there any more")
    said = move(target)
    assert hashlib.sha256(sqlite.read_bytes()).hexdigest() == digest, "Nothing changes where it was"
    assert "chat_conversation: 2 rows" in said
    assert "counted and summed up in both" in said
    assert re.search(r"In \d+ texts characters that PostgreSQL does not take are U\+FFFD now", said)
    assert "s3cret" not in said
    assert f"DATABASE_URL=postgres://chatsite:…@127.0.0.1:{target['PORT']}/{target['NAME']}" in said
    with as_default(target):
        assert everything() == before
        assert SearchEntry.objects.matching(User.objects.get(username="Zoë").pk, "größe")
        assert User.objects.create(username="new").pk == 3, "Ids are used once"
    with as_default(connections.settings[postgres]):
        assert schema(target) == schema(connections.settings[postgres])


def test_a_database_that_is_not_empty_or_of_another_encoding_is_refused(sqlite: Path, postgres: str) -> None:
    with pytest.raises(CommandError, match="is not empty"):
        move(connections.settings[postgres])
    for encoding in ("LATIN1", "SQL_ASCII"):
        target = empty_database(postgres, encoding)
        with pytest.raises(CommandError, match=f"encoding is {encoding}, and it must be UTF8"):
            move(target)
        with as_default(target), pytest.raises(SystemCheckError, match=r"chatsite\.E030"):
            call_command("check", databases=["default"])


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite:///db.sqlite3", "postgres://[", "mysql://a/b"])
def test_what_is_no_address_of_a_postgresql_is_refused(sqlite: Path, url: str) -> None:
    with pytest.raises(CommandError, match="The address"):
        call_command("movedatabase", url)


def test_a_server_that_is_away_is_said_without_its_password(sqlite: Path) -> None:
    with pytest.raises(CommandError, match="Nothing was moved") as refused:
        call_command("movedatabase", "postgres://chatsite:s3cret@127.0.0.1:9/chatsite")
    assert "s3cret" not in str(refused.value)


def test_nothing_is_moved_while_the_site_runs_or_before_it_is_migrated(sqlite: Path, postgres: str) -> None:
    target = empty_database(postgres)
    connection.close()
    with closing(sqlite3.connect(sqlite, isolation_level=None)) as site:
        site.execute("SELECT 1 FROM auth_user").fetchone()
        with pytest.raises(CommandError, match=r"db\.sqlite3 is in use: stop the site first"):
            move(target)
        (last,) = site.execute("SELECT MAX(name) FROM django_migrations WHERE app = 'chat'").fetchone()
        site.execute("DELETE FROM django_migrations WHERE name = ?", [last])
    with pytest.raises(CommandError, match=r"older than this program: run `manage\.py migrate`"):
        move(target)
    with closing(sqlite3.connect(sqlite)) as site, site:
        for name in (last, "9999_later"):
            site.execute("INSERT INTO django_migrations(app, name, applied) VALUES ('chat', ?, 0)", [name])
    with pytest.raises(CommandError, match=r"newer than this program, which does not have chat\.9999_later"):
        move(target)
    with as_default(target):
        assert connection.introspection.table_names() == []


@pytest.fixture
def users(sqlite: Path, postgres: str) -> Iterator[MovedTable]:
    """Somebody, on the way to another database; nobody arrives."""
    User.objects.create(username="alice")
    with transaction.atomic(using=postgres):
        yield MovedTable(User, "default", postgres)
        transaction.set_rollback(True, using=postgres)


def test_what_postgresql_cannot_hold_is_named(users: MovedTable) -> None:
    User.objects.update(username="u" * 151)
    with pytest.raises(Refused, match="a username in auth_user has 151 characters, and PostgreSQL takes 150"):
        users.copy()


@pytest.mark.parametrize("change", [{"username": "bob"}, {"is_staff": True}, {"last_login": timezone.now()}, None])
def test_what_came_to_be_another_is_noticed(users: MovedTable, postgres: str, change: dict | None) -> None:
    users.copy()
    users.compare()
    there = User.objects.using(postgres)
    there.update(**change) if change else there.all().delete()
    with pytest.raises(Refused, match="auth_user is not the same there"):
        users.compare()


class Killing(StringIO):
    """SIGKILL to whoever is about to write this."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def write(self, said: str) -> int:
        if self._words in said:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().write(said)


def move_and_be_killed(target: Database, words: str) -> None:
    """In a fork of this process."""
    connections.close_all()
    if not (child := os.fork()):
        try:
            call_command("movedatabase", url_of(target), stdout=Killing(words))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
