"""Databases of a benchmark's own, filled once: each measurement begins with a copy."""

import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Self

from local_site import ROOT
from servers import family
from tools import cpu_seconds

TICKS = os.sysconf("SC_CLK_TCK")
FILLED = "filled"


class Sqlite:
    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    @property
    def url(self) -> str:
        """Of the one that is to be filled."""
        return f"sqlite:///{self._folder}/{FILLED}.sqlite3"

    def filled(self) -> None:
        """Nobody is connected any more: all is in one file, with what its planner wants to know."""
        import sqlite3

        with sqlite3.connect(self._folder / f"{FILLED}.sqlite3") as connection:
            connection.execute("ANALYZE")
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy(self) -> str:
        """The address of a new one."""
        new = self._folder / f"{next(self._numbers)}.db.sqlite3"
        shutil.copy(self._folder / f"{FILLED}.sqlite3", new)
        return f"sqlite:///{new}"

    def cpu(self) -> float:
        """Seconds so far, besides what its clients take."""
        return 0.0

    def written(self) -> dict[str, int]:
        return {}


class Postgres:
    """One that keeps what it says that it keeps: fsync is on, as it is where somebody relies on it."""

    name = "PostgreSQL"

    def __init__(self, programs: Path) -> None:
        sys.path.insert(0, str(ROOT))
        from tests.support import postgres

        self._server = postgres.Postgres(programs)
        self._numbers = count()
        self._copy = ""

    def __enter__(self) -> Self:
        self._server.__enter__()
        for words in ("ALTER SYSTEM SET fsync = on", "SELECT pg_reload_conf()", f"CREATE DATABASE {FILLED}"):
            self._ask(words)
        self._postmaster = int((self._server.data / "postmaster.pid").read_text().split()[0])
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.__exit__(None, None, None)

    @property
    def url(self) -> str:
        return self._url(FILLED)

    def filled(self) -> None:
        self._ask("VACUUM ANALYZE", FILLED)

    def copy(self) -> str:
        if self._copy:
            self._ask(f"DROP DATABASE {self._copy} WITH (FORCE)")
        self._copy = f"copy{next(self._numbers)}"
        self._ask(f"CREATE DATABASE {self._copy} TEMPLATE {FILLED}")
        self._ask("CHECKPOINT")
        return self._url(self._copy)

    def cpu(self) -> float:
        """Of all its processes, those that have ended too."""
        fields = Path(f"/proc/{self._postmaster}/stat").read_text().rpartition(")")[2].split()
        ended = (int(fields[13]) + int(fields[14])) / TICKS
        return ended + sum(map(_cpu_of, family(self._postmaster)))

    def written(self) -> dict[str, int]:
        """So far, in the copy that is in use; bytes of the log in all."""
        names = ("transactions", "rows", "changed", "dead", "log")
        (row,) = self._ask(WRITTEN, self._copy)
        return dict(zip(names, map(int, row), strict=True))

    def _url(self, name: str) -> str:
        return self._server.url.rpartition("/")[0] + f"/{name}"

    def _ask(self, words: str, database: str = "postgres") -> Sequence[Any]:
        import psycopg

        with psycopg.connect(self._url(database).replace("postgres:", "postgresql:"), autocommit=True) as connection:
            cursor = connection.execute(words)
            return cursor.fetchall() if cursor.description else []


def _cpu_of(pid: int) -> float:
    with contextlib.suppress(OSError):  # it has ended since it was found
        return cpu_seconds([pid])
    return 0.0


WRITTEN = """
SELECT xact_commit, tup_inserted + tup_updated + tup_deleted, tup_updated,
       (SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables), pg_current_wal_lsn() - '0/0'
FROM pg_stat_database WHERE datname = current_database()
"""


def database(folder: Path, *, is_sqlite: bool) -> Sqlite | Postgres:
    """PostgreSQL where it is installed."""
    sys.path.insert(0, str(ROOT))
    from tests.support import postgres

    programs = None if is_sqlite else postgres.programs()
    return Postgres(programs) if programs else Sqlite(folder)
