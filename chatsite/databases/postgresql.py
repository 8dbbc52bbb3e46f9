"""PostgreSQL: a backup is what `pg_dump` makes of the database, in its own format, compressed."""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from chatsite.databases.base import COUNTED, Contents, Database
from chatsite.databases.errors import Refused

ENCODING = "UTF8"
ALL_OR_NOTHING = ("--exit-on-error", "--single-transaction")
NOBODYS = ("--no-owner", "--no-privileges")
"""All belongs to whom restores it."""
MOST_SAID = 500
"""Characters of what a program says of a failure."""
COPY = re.compile(rb'COPY (?:[^ .]+\.)?"?(\w+)"? \(([^)]*)\) FROM stdin;\n')
"""What rows of a table begin with; they end with END."""
END = b"\\.\n"


class PostgreSQL(Database):
    name = "PostgreSQL"
    signature = b"PGDMP"

    def refuse_target(self, path: Path) -> None:
        """Its files are the server's."""

    def largest_backup(self) -> int:
        """As much as the rows take, compressed as they are there."""
        with _asking() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT SUM(pg_table_size(oid)) FROM pg_class WHERE relkind IN ('r', 'm')")
            return int(cursor.fetchone()[0])

    def back_up(self, file: IO[bytes]) -> None:
        with _asking() as connection:
            _refuse_older_program(connection)
        _run(["pg_dump", "--format=custom", *NOBODYS, *_role()], stdout=file)

    def contents(self, path: Path) -> Contents:
        rows, migrations = Counter[str](), set()
        for table, columns, row in _rows(path):
            rows[table] += 1
            if table == "django_migrations":
                values = dict(zip(columns, row.decode().rstrip("\n").split("\t"), strict=True))
                migrations.add((values["app"], values["name"]))
        if not migrations:
            raise Refused(f"{path} is no backup of this site.")
        return Contents({table: rows[table] for table in COUNTED}, migrations)

    def restore(self, path: Path) -> str:
        with _asking() as connection:
            refuse_encoding(connection)
            refuse_tables(connection)
            from psycopg.conninfo import make_conninfo  # an extra

            name = _value(connection, "SELECT current_database()")
            _run(
                ["pg_restore", *ALL_OR_NOTHING, *NOBODYS, *_role(), "--dbname", make_conninfo(dbname=name), str(path)]
            )
            analyze(connection)
        return ""


def refuse_encoding(connection: BaseDatabaseWrapper) -> None:
    """Raises Refused where the database cannot hold each character."""
    if (encoding := _value(connection, "SHOW server_encoding")) != ENCODING:
        raise Refused(
            f"The database's encoding is {encoding}, and it must be {ENCODING}: "
            f"make another one (createdb --encoding={ENCODING} --template=template0)."
        )


def refuse_tables(connection: BaseDatabaseWrapper) -> None:
    """Raises Refused unless the database is empty."""
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor, include_views=True))
    if tables:
        some = ", ".join(tables[:3])
        raise Refused(f"The database is not empty (it has {some}, …): make a new one, and let go of this by `dropdb`.")


def analyze(connection: BaseDatabaseWrapper) -> None:
    """What PostgreSQL plans queries by, which is in no backup."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@contextmanager
def _asking() -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own, as the site has them."""
    connection = connections.create_connection("default")
    try:
        yield connection
    except DatabaseError as exc:
        raise Refused(f"PostgreSQL says: {_shortened(str(exc))}") from exc
    finally:
        connection.close()


def _value(connection: BaseDatabaseWrapper, statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def _refuse_older_program(connection: Any) -> None:
    """Raises Refused where `pg_dump` is older than the server, whose tables it then does not know."""
    said = _run(["pg_dump", "--version"], stdout=subprocess.PIPE)
    ours, theirs = re.search(r"\d+", said.decode()), connection.pg_version // 10_000
    if ours and int(ours[0]) < theirs:
        raise Refused(
            f"pg_dump is of PostgreSQL {ours[0]}, the server of {theirs}: install postgresql-client-{theirs}."
        )


def _rows(path: Path) -> Iterator[tuple[str, Sequence[str], bytes]]:
    """Each row of a backup: its table, the table's columns, and their values between tabs."""
    with _started(["pg_restore", "--data-only", "--file=-", str(path)], stdout=subprocess.PIPE) as process:
        table = ""
        columns: Sequence[str] = ()
        assert process.stdout
        for line in process.stdout:
            if table and line != END:
                yield table, columns, line
            elif table:
                table = ""
            elif found := COPY.match(line):
                table, columns = found[1].decode(), found[2].decode().split(", ")


def _run(command: Sequence[str], stdout: Any = None) -> bytes:
    with _started(command, stdout) as process:
        return process.stdout.read() if process.stdout else b""


@contextmanager
def _started(command: Sequence[str], stdout: Any) -> Iterator[subprocess.Popen[bytes]]:
    """One of PostgreSQL's programs, which must end well. What it says of a failure is what we say."""
    try:
        process = subprocess.Popen(  # noqa: S603 - ours alone
            command, env=_environment(), stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
        )
    except FileNotFoundError:
        raise Refused(f"There is no {command[0]} on this machine: install postgresql-client.") from None
    with process:
        try:
            yield process
            assert process.stderr
            said = process.stderr.read()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise Refused(f"{command[0]} says: {_shortened(said.decode(errors='replace'))}")


def _environment() -> dict[str, str]:
    """Where the site's database is and who we are there, for programs: nobody else sees it, as a command line.

    The names of the variables are libpq's own: https://www.postgresql.org/docs/current/libpq-envars.html
    """
    from psycopg.pq import Conninfo  # an extra

    names = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
    parameters = connections["default"].get_connection_params().items()
    known = {names[name]: value for name, value in parameters if names.get(name) and value is not None}
    return os.environ | {variable.decode(): str(value) for variable, value in known.items() if variable}


def _role() -> list[str]:
    role = connections["default"].settings_dict["OPTIONS"].get("assume_role")
    return [f"--role={role}"] if role else []


def _shortened(said: str) -> str:
    return " ".join(said.split())[:MOST_SAID]
