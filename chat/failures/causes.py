"""The cause of an exception, and what is to be done about it, in words for the log.

What drivers say by number counts, and not their words, which come in many languages: SQLite's result codes
(https://sqlite.org/rescode.html), PostgreSQL's SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html)
and errno(3). libpq alone gives no number for a connection that it could not make. No driver need be installed.
"""

import errno
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.conf import settings

DEPTH = 10
"""How many exceptions, each the direct cause of the one before, are looked at."""
QUOTED = 300
"""Characters of a driver's own words."""


class Kind(StrEnum):
    FULL = "full"
    READ_ONLY = "read_only"
    AWAY = "away"
    REFUSED = "refused"
    CROWDED = "crowded"
    LOCKED = "locked"
    SLOW = "slow"
    NOT_MIGRATED = "not_migrated"
    DAMAGED = "damaged"
    NO_FILES = "no_files"
    NO_MEMORY = "no_memory"


SENTENCES = {
    Kind.FULL: "The disk is full",
    Kind.READ_ONLY: "The database cannot be written to",
    Kind.AWAY: "The database is away",
    Kind.REFUSED: "The database does not let the site in",
    Kind.CROWDED: "The database has no connection left",
    Kind.LOCKED: "The database is locked",
    Kind.SLOW: "The database took too long",
    Kind.NOT_MIGRATED: "The database lacks a table or a column",
    Kind.DAMAGED: "The database is damaged",
    Kind.NO_FILES: "The process may open no more files",
    Kind.NO_MEMORY: "There is no memory left",
}

_OF_SQLITE = {
    sqlite3.SQLITE_FULL: Kind.FULL,
    sqlite3.SQLITE_READONLY: Kind.READ_ONLY,
    sqlite3.SQLITE_PERM: Kind.READ_ONLY,
    sqlite3.SQLITE_BUSY: Kind.LOCKED,
    sqlite3.SQLITE_LOCKED: Kind.LOCKED,
    sqlite3.SQLITE_CANTOPEN: Kind.AWAY,
    sqlite3.SQLITE_IOERR: Kind.AWAY,
    sqlite3.SQLITE_CORRUPT: Kind.DAMAGED,
    sqlite3.SQLITE_NOTADB: Kind.DAMAGED,
    sqlite3.SQLITE_NOMEM: Kind.NO_MEMORY,
}
_NOT_MIGRATED = ("no such table", "no such column", "has no column named")
"""What SQLite says of that, under the code of all faults of a statement. It is never translated."""
_OF_POSTGRES = {
    "53100": Kind.FULL,
    "58030": Kind.AWAY,
    "25006": Kind.READ_ONLY,
    "53300": Kind.CROWDED,
    "53200": Kind.NO_MEMORY,
    "55P03": Kind.LOCKED,
    "40P01": Kind.LOCKED,
    "57014": Kind.SLOW,
    "57P01": Kind.AWAY,
    "57P02": Kind.AWAY,
    "57P03": Kind.AWAY,
    "3D000": Kind.REFUSED,
    "42P01": Kind.NOT_MIGRATED,
    "42703": Kind.NOT_MIGRATED,
    "XX001": Kind.DAMAGED,
    "XX002": Kind.DAMAGED,
}
_CLASSES_OF_POSTGRES = {"08": Kind.AWAY, "28": Kind.REFUSED}
_OF_CONNECTING = {
    "too many clients": Kind.CROWDED,
    "connection slots": Kind.CROWDED,
    "too many connections": Kind.CROWDED,
    "authentication failed": Kind.REFUSED,
    "pg_hba.conf": Kind.REFUSED,
    '" does not exist': Kind.REFUSED,
    "no password supplied": Kind.REFUSED,
}
"""What is found in the words of a connection that was not made. In another language it is just away."""
_OF_SYSTEM = {
    errno.ENOSPC: Kind.FULL,
    errno.EDQUOT: Kind.FULL,
    errno.EROFS: Kind.READ_ONLY,
    errno.EMFILE: Kind.NO_FILES,
    errno.ENFILE: Kind.NO_FILES,
    errno.ENOMEM: Kind.NO_MEMORY,
}


@dataclass(frozen=True, slots=True)
class Cause:
    kind: Kind
    sentence: str
    """What is so, without a full stop."""
    advice: str
    """What to do about it, in whole sentences, and what the driver said."""


def cause_of(exc: BaseException | None) -> Cause | None:
    """None where it may be a fault of ours."""
    for each in _causes(exc):
        if kind := _kind(each):
            return Cause(kind, SENTENCES[kind], f"{_advice(kind, each)} ({_words(each)})".lstrip())
    return None


def innermost(exc: BaseException) -> BaseException:
    """The first of what a group holds, and so on."""
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    return exc


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """It and what it was raised from; not what was merely being handled."""
    for _ in range(DEPTH):
        if exc is None:
            return
        yield exc
        exc = exc.__cause__


def _kind(exc: BaseException) -> Kind | None:
    if isinstance(code := getattr(exc, "sqlite_errorcode", None), int):
        return _of_sqlite(code & 0xFF, str(exc))
    if _is_of_postgres(exc):
        return _of_postgres(exc)
    return _OF_SYSTEM.get(exc.errno or 0) if isinstance(exc, OSError) else None


def _of_sqlite(code: int, words: str) -> Kind | None:
    if code == sqlite3.SQLITE_ERROR and any(each in words for each in _NOT_MIGRATED):
        return Kind.NOT_MIGRATED
    return _OF_SQLITE.get(code)


def _is_of_postgres(exc: BaseException) -> bool:
    """psycopg's, of either version, or one that is like them."""
    return hasattr(exc, "sqlstate") or hasattr(exc, "pgcode")


def _of_postgres(exc: Any) -> Kind | None:
    if state := getattr(exc, "sqlstate", None) or getattr(exc, "pgcode", None):
        return _OF_POSTGRES.get(state) or _CLASSES_OF_POSTGRES.get(state[:2])
    names = {each.__name__ for each in type(exc).__mro__}
    if not names & {"OperationalError", "InterfaceError"}:
        return None
    words = str(exc)
    return next((kind for said, kind in _OF_CONNECTING.items() if said in words), Kind.AWAY)


def _words(exc: BaseException) -> str:
    """The driver's own, in one line. What follows the first may quote a row, but says where a connection failed."""
    words = str(exc) if _of_connecting(exc) else str(exc).partition("\n")[0]
    return " ".join(words.split())[:QUOTED] or type(exc).__name__


def _of_connecting(exc: BaseException) -> bool:
    return _is_of_postgres(exc) and not (getattr(exc, "sqlstate", None) or getattr(exc, "pgcode", None))


# What to do


def _advice(kind: Kind, exc: BaseException) -> str:
    if kind == Kind.NO_FILES:
        return "Raise LimitNOFILE in the unit, and restart."
    if kind == Kind.NO_MEMORY:
        return "See which process takes it."
    if isinstance(exc, OSError):
        return f"{'Free space on' if kind == Kind.FULL else 'See how this is mounted:'} {_folder_of(exc)}."
    database = settings.DATABASES["default"]
    if kind == Kind.NOT_MIGRATED:
        return "Has `manage.py migrate` run, on this database, by the version that runs here?"
    of_sqlite = database["ENGINE"].endswith("sqlite3")
    return _with_sqlite(kind, Path(str(database["NAME"]))) if of_sqlite else _with_server(kind, database)


def _folder_of(exc: OSError) -> str:
    return str(exc.filename) if isinstance(exc.filename, str | Path) else tempfile.gettempdir()


def _with_sqlite(kind: Kind, file: Path) -> str:
    return {
        Kind.FULL: f"Free space on {file.parent}; no restart is needed.",
        Kind.READ_ONLY: f"{file}, and its folder, must belong to the user that the site runs as: a copy that root has "
        "put back belongs to root.",
        Kind.AWAY: f"Is {file} there, and is its disk? The user that the site runs as must be let into the folder.",
        Kind.LOCKED: f"Another process has held it for {_timeout()} s (`fuser -v {file}` says which): a command of "
        "manage.py, or sqlite3 in a shell.",
        Kind.DAMAGED: f"Stop the site, keep {file} and what lies beside it, and put a backup in its place.",
    }.get(kind, "")


def _timeout() -> Any:
    return settings.DATABASES["default"].get("OPTIONS", {}).get("timeout", 5)


def _with_server(kind: Kind, database: dict[str, Any]) -> str:
    where = ":".join(filter(None, (database.get("HOST") or "its socket", str(database.get("PORT") or ""))))
    return {
        Kind.FULL: f"Free space on the machine of the database, {where}; no restart is needed.",
        Kind.READ_ONLY: f"Is {where} a standby by now, or `default_transaction_read_only` on?",
        Kind.AWAY: f"Does it run at {where} (`systemctl status postgresql`)? The site goes on by itself once it does.",
        Kind.REFUSED: "See DATABASE_URL: its user, password and database; and pg_hba.conf.",
        Kind.CROWDED: f"Raise `max_connections` of {where}, or see who holds them (pg_stat_activity).",
        Kind.LOCKED: "See who holds locks (pg_locks): a migration, or VACUUM FULL. CHAT_LOCK_SECONDS says how long is "
        "waited for one.",
        Kind.SLOW: "See what it does meanwhile (pg_stat_activity), and whether statistics are old (ANALYZE). "
        "CHAT_STATEMENT_SECONDS says how long a statement may take.",
        Kind.DAMAGED: f"See the log of the database at {where}.",
    }.get(kind, "")
