"""A site moves from SQLite to PostgreSQL.

All of it is one transaction of PostgreSQL's, its tables too: cut short, nothing of it has been. Rows go past the
models' managers and signals, so that what is hidden comes along. Keys and indexes are made once all rows are there, so
that these come in any order. Then each table is read again, and must count and sum up to what SQLite gave. SQLite is
ours alone meanwhile, and only read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from chatsite.database_version import unknown_among
from chatsite.databases.errors import Refused
from chatsite.databases.moved_rows import MovedTable
from chatsite.databases.postgresql import analyze, refuse_encoding, refuse_tables
from chatsite.databases.sqlite import database_file

SOURCE, TARGET = "moved_from", DEFAULT_DB_ALIAS
"""Migrations of libraries ask whatever is the default."""
READING = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA query_only = ON"
LOCK = 0x6D6F7665
"""Ours among PostgreSQL's advisory locks: "move"."""
OF_THE_INDEX = "chat_search_"
"""Tables of SQLite's own index of words begin so."""
KEYS = """
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY oid
"""
INDEXES = """
    SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY indexrelid
"""
"""What can be made again: a statement that drops each, and one that makes it."""


def move(target: dict[str, Any], say: Callable[[str], object]) -> list[MovedTable]:
    """Copy all rows of the site's SQLite to an empty PostgreSQL: `target`, as `DATABASES` has it.

    Raises Refused, after which nothing is there.
    """
    with _named(SOURCE, _source()), _named(TARGET, target):
        try:
            _refuse_source()
            with transaction.atomic(using=TARGET):
                moved = _move(say)
        except DatabaseError as exc:
            raise Refused(f"Nothing was moved. The database says: {' '.join(str(exc).split())[:500]}") from exc
        return moved


def tables() -> list[type[models.Model]]:
    """One model of each table that is moved, with those between many and many."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def _move(say: Callable[[str], object]) -> list[MovedTable]:
    _refuse_target()
    say("Making the tables.")
    executor = MigrationExecutor(connections[TARGET])
    executor.migrate(executor.loader.graph.leaf_nodes())
    moved = [MovedTable(model, SOURCE, TARGET) for model in tables()]
    _do("SET CONSTRAINTS ALL IMMEDIATE")
    with _taken_away(KEYS, say, "Checking keys."), _taken_away(INDEXES, say, "Making indexes."):
        _empty(moved)
        for table in moved:
            table.copy()
            if table.rows:
                say(f"{table.name}: {table.rows:,} rows")
    say("Reading all of it again.")
    for table in moved:
        table.compare()
    _go_on_counting()
    analyze(connections[TARGET])
    return moved


def _refuse_source() -> None:
    source = connections[SOURCE]
    try:
        recorded = MigrationRecorder(source).applied_migrations()
    except DatabaseError as exc:
        if "locked" not in str(exc):
            raise
        raise Refused(f"The database {source.settings_dict['NAME']} is in use: stop the site first.") from exc
    executor = MigrationExecutor(source)
    if unknown := unknown_among(recorded):
        raise Refused(f"The database is newer than this program, which does not have {', '.join(unknown)}.")
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Refused("The database is older than this program: run `manage.py migrate` first.")


def _refuse_target() -> None:
    target = connections[TARGET]
    refuse_encoding(target)
    if not _ask(f"SELECT pg_try_advisory_xact_lock({LOCK})")[0][0]:
        raise Refused("Another move into this database is under way, or is being undone: try again in a minute.")
    refuse_tables(target)


def _empty(moved: list[MovedTable]) -> None:
    """Migrations may have made rows, too."""
    _do(f"TRUNCATE {', '.join(table.quoted for table in moved)}")


def _go_on_counting() -> None:
    """New rows get ids that none has ever had, also none that is gone: what is noted of an id is of that one."""
    with connections[SOURCE].cursor() as cursor:
        last = dict(cursor.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    for model in tables():
        if isinstance(model._meta.pk, models.AutoField) and (number := last.get(model._meta.db_table)):
            sequence = "pg_get_serial_sequence(quote_ident(%s), %s)"
            _ask(f"SELECT setval({sequence}, %s)", model._meta.db_table, model._meta.pk.column, number)


@contextmanager
def _taken_away(which: str, say: Callable[[str], object], while_made: str) -> Iterator[None]:
    """What this query names is not there for the time of a block that ends well."""
    found = _ask(which)
    for drop, _ in found:
        _do(drop)
    yield
    say(while_made)
    for _, make in found:
        _do(make)


def _ask(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connections[TARGET].cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())


def _do(statement: str) -> None:
    with connections[TARGET].cursor() as cursor:
        cursor.execute(statement)


def left_behind() -> list[str]:
    """Tables that no app has any more."""
    with connections["default"].cursor() as cursor:
        there = set(connections["default"].introspection.table_names(cursor))
    known = {model._meta.db_table for model in tables()} | {"django_migrations", "chat_search"}
    return sorted(name for name in there - known if not name.startswith(OF_THE_INDEX))


def _source() -> dict[str, Any]:
    """As the site has it, but that it is only read, and that nobody else may have it open."""
    ours = connections.settings["default"]
    if connections["default"].vendor != "sqlite":
        raise Refused("The site's database is not SQLite: there is nothing to move.")
    if not database_file().is_file():
        raise Refused(f"There is no database {database_file()}.")
    return {**ours, "OPTIONS": {**ours["OPTIONS"], "init_command": READING, "timeout": 1}}


@contextmanager
def _named(alias: str, database: dict[str, Any]) -> Iterator[None]:
    """Django knows this database by this name, in this thread and for the time of the block."""
    before = connections.settings.get(alias)
    try:
        _name(alias, database)
        yield
    finally:
        _name(alias, before)


def _name(alias: str, database: dict[str, Any] | None) -> None:
    if alias in connections.settings:
        connections[alias].close()
        del connections[alias], connections.settings[alias]
    if database:
        connections.settings[alias] = database
