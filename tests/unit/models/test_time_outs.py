"""What a PostgreSQL is told of how long a statement may take, by the threads that ask it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from pytest_django.plugin import DjangoDbBlocker

from chat.failures import Kind, cause_of
from chat.models.threads import Pool
from chat.models.time_outs import MOST_MS
from chatsite.databases import migrations
from tests.support.databases import as_default, migrated_database, url_of

LIMITS = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"


@pytest.fixture(scope="module")
def database(postgres: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), as_default(migrated_database(postgres)):
        yield


def limits() -> tuple[str, str]:
    connection.close()
    try:
        with connection.cursor() as cursor:
            cursor.execute(LIMITS)
            found: tuple[str, str] = cursor.fetchone()
            return found
    finally:
        connection.close()


def test_threads_that_others_wait_for_cut_what_takes_too_long(database: None, settings: Any) -> None:
    assert Pool("reading").wait(limits) == ("30s", "10s")
    settings.CHAT_STATEMENT_SECONDS, settings.CHAT_LOCK_SECONDS = 0.25, 10**9
    assert Pool("writing").wait(limits) == ("250ms", f"{MOST_MS}ms")
    settings.CHAT_STATEMENT_SECONDS, settings.CHAT_LOCK_SECONDS = 0, 0
    assert Pool("reading").wait(limits) == ("0", "0"), "as the database has it"


def test_what_takes_long_by_its_nature_and_commands_are_not_cut(database: None) -> None:
    assert Pool("long").wait(limits) == ("0", "0")
    assert Pool("signals").wait(limits) == ("0", "0")
    assert limits() == ("0", "0")


def test_what_was_cut_says_why(database: None, settings: Any) -> None:
    settings.CHAT_STATEMENT_SECONDS = 0.05
    with pytest.raises(OperationalError) as caught:
        Pool("reading").wait(sleep)
    assert (cause := cause_of(caught.value))
    assert cause.kind == Kind.SLOW
    assert "CHAT_STATEMENT_SECONDS" in cause.advice


def sleep() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
    finally:
        connection.close()


def test_migrate_waits_briefly_for_a_lock(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """And then has changed nothing, and can be run again."""
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 1)
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("chat")
    with psycopg.connect(url_of(connections.settings["default"])) as other:
        other.execute("SELECT 1 FROM chat_generation, chat_processnote")
        with pytest.raises(OperationalError) as caught:
            call_command("migrate", "chat", "0020", verbosity=0)
        assert (cause := cause_of(caught.value))
        assert cause.kind == Kind.LOCKED
    connection.close()
    assert limits() == ("0", "0")
    call_command("migrate", "chat", "0020", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
    call_command("migrate", "chat", verbosity=0)
    assert set(newest) <= MigrationExecutor(connection).loader.applied_migrations.keys()
