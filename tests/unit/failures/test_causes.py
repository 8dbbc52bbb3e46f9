"""What lies behind an exception: SQLite's own, PostgreSQL's and the system's."""

import errno
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, ProgrammingError

from chat.errors import Unavailable
from chat.failures import Cause, Kind, cause_of, causes, unavailable
from chat.failures.causes import SENTENCES


def cause(exc: BaseException) -> Cause:
    found = cause_of(exc)
    assert found
    return found


def raised(work: Callable[[sqlite3.Connection], object], file: Path) -> sqlite3.Error:
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.Error) as caught:
            work(connection)
        return caught.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "site.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE kept (text)")
    return file


def fill(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA max_page_count = 2")
    connection.execute("INSERT INTO kept VALUES (zeroblob(100000))")


def write_what_is_only_read(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only = on")
    connection.execute("INSERT INTO kept VALUES (1)")


def test_what_sqlite_says(file: Path) -> None:
    assert cause(raised(fill, file)).kind == Kind.FULL
    assert cause(raised(write_what_is_only_read, file)).kind == Kind.READ_ONLY
    assert cause(raised(lambda one: one.execute("SELECT * FROM nowhere"), file)).kind == Kind.NOT_MIGRATED
    assert cause(raised(lambda one: one.execute("SELECT colour FROM kept"), file)).kind == Kind.NOT_MIGRATED
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert cause(raised(lambda one: one.execute("BEGIN IMMEDIATE"), file)).kind == Kind.LOCKED
    file.write_bytes(b"This is no database. " * 100)
    assert cause(raised(lambda one: one.execute("SELECT * FROM kept"), file)).kind == Kind.DAMAGED


def test_a_fault_of_ours_has_no_cause(file: Path) -> None:
    for wrong in ("SELECT FROM", "INSERT INTO kept VALUES (1, 2)", "SELECT nothing()"):
        assert cause_of(raised(lambda one, wrong=wrong: one.execute(wrong), file)) is None
    for exc in (
        ValueError("no such table"),
        OSError("?"),
        FileNotFoundError(errno.ENOENT, "?"),
        IntegrityError(),
        None,
    ):
        assert cause_of(exc) is None
    assert cause_of(psycopg.errors.UniqueViolation("a row of somebody's")) is None


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        (psycopg.errors.DiskFull("No space left on device"), Kind.FULL),
        (psycopg.errors.ReadOnlySqlTransaction("cannot execute UPDATE"), Kind.READ_ONLY),
        (psycopg.errors.UndefinedTable('relation "chat_message" does not exist'), Kind.NOT_MIGRATED),
        (psycopg.errors.AdminShutdown("terminating connection"), Kind.AWAY),
        (psycopg.errors.TooManyConnections("sorry"), Kind.CROWDED),
        (psycopg.errors.InvalidPassword("no"), Kind.REFUSED),
        (psycopg.errors.QueryCanceled("canceling statement due to statement timeout"), Kind.SLOW),
        (psycopg.errors.ConnectionFailure("gone"), Kind.AWAY),
        (psycopg.OperationalError("connection failed: Connection refused"), Kind.AWAY),
        (psycopg.OperationalError('FATAL:  password authentication failed for user "chatsite"'), Kind.REFUSED),
        (psycopg.OperationalError("FATAL:  sorry, too many clients already"), Kind.CROWDED),
        (psycopg.InterfaceError("connection already closed"), Kind.AWAY),
        (OSError(errno.ENOSPC, "No space left on device", "/var/tmp/upload"), Kind.FULL),
        (OSError(errno.EROFS, "Read-only file system"), Kind.READ_ONLY),
        (OSError(errno.EMFILE, "Too many open files"), Kind.NO_FILES),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_what_others_say(exc: Exception, kind: Kind) -> None:
    found = cause(exc)
    assert found.kind == kind
    assert "\n" not in found.advice


@pytest.mark.parametrize("engine", ["sqlite3", "postgresql"])
def test_each_says_what_to_do(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    database = {"ENGINE": f"django.db.backends.{engine}", "NAME": "/srv/x.sqlite3", "PASSWORD": "sesame"}
    monkeypatch.setattr(causes, "settings", SimpleNamespace(DATABASES={"default": database}))
    assert set(SENTENCES) == set(Kind)
    for kind in set(Kind) - ({Kind.REFUSED, Kind.CROWDED, Kind.SLOW} if engine == "sqlite3" else set()):
        advice = causes._advice(kind, ValueError())
        assert advice.endswith((".", "?"))
        assert "sesame" not in advice


def test_it_is_looked_for_behind_what_django_makes_of_it() -> None:
    exc = OperationalError("disk full")
    exc.__cause__ = psycopg.errors.DiskFull("disk full")
    assert cause(exc).sentence == "The disk is full"
    handling = ValueError("ours, while that was handled")
    handling.__context__ = exc
    assert cause_of(handling) is None


def test_no_row_that_a_database_quotes_is_said() -> None:
    exc = psycopg.errors.DiskFull("could not extend file\nDETAIL:  Key (name)=(my illness) already exists.")
    assert "could not extend file" in cause(exc).advice
    assert "illness" not in cause(exc).advice


def test_what_a_user_hears() -> None:
    refused = unavailable(OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(refused, Unavailable)
    assert "cannot store anything" in refused.message
    assert refused.retry_after
    unknown = unavailable(OperationalError("of a database that nobody knows"))
    assert unknown
    assert "cannot reach its database" in unknown.message
    assert not any(map(unavailable, (ValueError(), DatabaseError(), ProgrammingError(), IntegrityError())))
