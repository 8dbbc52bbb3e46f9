"""Rows without the ORM, for what each request, each question and each answer does.

The ORM builds a statement anew each time, which takes several times as long as the database takes for it: 0.4 ms
against 0.04 for a row of a conversation. Here a statement is built once for each model and its columns; it sends no
signals, and no ids come back.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.utils import timezone

from chat.models.converters import Converter, attributes_of, from_database, to_database

AnyModel = TypeVar("AnyModel", bound=models.Model)
OtherModel = TypeVar("OtherModel", bound=models.Model)


def insert(rows: Sequence[models.Model], using: str = DEFAULT_DB_ALIAS, conflict: str = "") -> int:
    """Store new rows of one model; `conflict` says in SQL what is done instead. Returns how many it has written.

    Raises IntegrityError.
    """
    if not rows:
        return 0
    model = type(rows[0])
    names = _names(model)
    count = insert_values(model, names, [[getattr(row, name) for name in names] for row in rows], using, conflict)
    for row in rows:
        row._state.adding = False
    return count


def insert_values(
    model: type[models.Model],
    names: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    using: str = DEFAULT_DB_ALIAS,
    conflict: str = "",
) -> int:
    """As `insert`, for rows that are nothing but their values; the names are those of the fields' attributes."""
    if not rows:
        return 0
    database = connections[using]
    converters, statement = _insertion(model, names, conflict, using, database.vendor)
    values = [[convert(value) for convert, value in zip(converters, row, strict=True)] for row in rows]
    with database.cursor() as cursor:
        cursor.executemany(statement, values)
        return int(cursor.rowcount)


def upsert(
    model: type[models.Model],
    names: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    *,
    unique: str,
    changed: str,
    using: str = DEFAULT_DB_ALIAS,
) -> None:
    """Store rows, or the columns `changed` of those that are there already by the columns `unique`."""
    updates = ", ".join(f"{column} = EXCLUDED.{column}" for column in changed.split(", "))
    insert_values(model, names, rows, using, f"ON CONFLICT ({unique}) DO UPDATE SET {updates}")


def update(model: type[models.Model], pk: Any, values: dict[str, Any], condition: str = "") -> bool:
    """Change these attributes of the row with this id, if it is there and, in SQL, fulfils the condition."""
    converters, statement = _change(model, tuple(values), condition, connection.vendor)
    parameters = [convert(value) for convert, value in zip(converters, [*values.values(), pk], strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return bool(cursor.rowcount)


def update_all(model: type[models.Model], name: str, values: Sequence[tuple[Any, Any]]) -> None:
    """Change this attribute of many rows, by their ids."""
    converters, statement = _change(model, (name,), "", connection.vendor)
    change, key = converters
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(change(value), key(pk)) for pk, value in values])


def find(model: type[AnyModel], **wanted: Any) -> AnyModel | None:
    """The first row whose attributes have these values, as the ORM would give it."""
    found = find_with(model, (), **wanted)
    return found and found[0]


def find_with(
    model: type[AnyModel], extras: tuple[str, ...], values: tuple[Any, ...] = (), **wanted: Any
) -> tuple[AnyModel, Sequence[Any]] | None:
    """As `find`, with more values, in SQL, and what these are given."""
    columns, converters, statement = _finding(model, tuple(wanted), extras, connection.vendor)
    parameters = [*values, *(convert(value) for convert, value in zip(converters, wanted.values(), strict=True))]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    end = len(columns.names)
    return row and (_made(model, columns, row[:end]), row[end:])


def select_rows(model: type[models.Model], condition: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows that fulfil a condition in SQL, with order and limit, as the database has them: see `made`."""
    columns = _columns(model, connection.vendor)
    return all_rows(f"SELECT {columns.listed} FROM {columns.table} WHERE {condition}", *values)  # noqa: S608 - ours alone


def made(model: type[AnyModel], row: Sequence[Any]) -> AnyModel:
    """Of a row of `select_rows`, as the ORM would give it."""
    return _made(model, _columns(model, connection.vendor), row)


def select_values(
    model: type[models.Model], names: tuple[str, ...], condition: str, *values: Any, extra: tuple[str, ...] = ()
) -> list[list[Any]]:
    """As `select_rows`, but of each row these attributes, and some more values, in SQL, as the database has them."""
    columns = _columns(model, connection.vendor, names)
    listed = ", ".join((columns.listed, *extra))
    rows = all_rows(f"SELECT {listed} FROM {columns.table} WHERE {condition}", *values)  # noqa: S608 - ours alone
    readers = [*columns.readers, *[None] * len(extra)]
    return [attributes_of(row, readers) for row in rows]


def select_rows_with(
    model: type[models.Model], other: type[models.Model], on: str, extra: str, condition: str, *values: Any
) -> list[tuple[Any, ...]]:
    """As `select_rows`; each with the row of another model that belongs to it, if any, and one more value, in SQL."""
    vendor = connection.vendor
    ours, others = _columns(model, vendor, qualified=True), _columns(other, vendor, qualified=True)
    tables = f"{ours.table} LEFT JOIN {others.table} ON {on}"
    return all_rows(f"SELECT {ours.listed}, {others.listed}, {extra} FROM {tables} WHERE {condition}", *values)  # noqa: S608


def made_with(
    model: type[AnyModel], other: type[OtherModel], row: Sequence[Any]
) -> tuple[AnyModel, OtherModel | None, Any]:
    """Of one of those: both, and the value."""
    vendor = connection.vendor  # asked once: it looks for the connection of the thread
    columns, others = _columns(model, vendor), _columns(other, vendor)
    end = len(columns.names)
    belongs = None if row[end] is None else _made(other, others, row[end:-1])
    return _made(model, columns, row[:end]), belongs, row[-1]


def place_of(model: type[models.Model], name: str) -> int:
    """Of an attribute's value in a row that `made` makes one of."""
    return _columns(model, connection.vendor).names.index(name)


def is_stored(model: type[models.Model], pk: object, column: str = "id") -> bool:
    """Is there a row with this id, or with this id in another column?"""
    convert, statement = _existence(model, column, connection.vendor)
    return scalar(statement, convert(pk)) is not None


def scalar(statement: str, *values: Any) -> Any:
    """The only value that a SELECT gives, as the database has it; None without a row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return row and row[0]


def all_rows(statement: str, *values: Any, using: str = DEFAULT_DB_ALIAS) -> list[tuple[Any, ...]]:
    """All that a SELECT gives, as the database has it; ids as `UUIDs` reads them."""
    with connections[using].cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


class UUIDs(dict[Any, uuid.UUID]):
    """Ids by what a database gives for them, each read once."""

    def __missing__(self, stored: Any) -> uuid.UUID:
        self[stored] = read = read_id(stored)
        return read


def read_id(stored: Any) -> uuid.UUID:
    """From what a database gives for it: PostgreSQL has ids as such, SQLite as text."""
    return stored if isinstance(stored, uuid.UUID) else uuid.UUID(stored)


def prepared(model: type[models.Model], name: str, value: Any, using: str = DEFAULT_DB_ALIAS) -> Any:
    """A value of this attribute as the database takes it: `scalar` asks no field."""
    return _prepare(model, name, using, connections[using].vendor)(value)


def database_time() -> datetime:
    """The time by the clock that all processes share. SQLite has the machine's."""
    now: datetime = timezone.now() if connection.vendor == "sqlite" else scalar("SELECT STATEMENT_TIMESTAMP()")
    return now


class Columns(NamedTuple):
    """Of a table."""

    names: list[str]
    """Those of the model's attributes."""
    readers: list[Converter | None]
    listed: str
    """As SQL names them."""
    table: str


def _made(model: type[AnyModel], columns: Columns, row: Sequence[Any]) -> AnyModel:
    return model.from_db(DEFAULT_DB_ALIAS, columns.names, attributes_of(row, columns.readers))


# Statements, each built once. They depend on the kind of database, hence an argument that is not looked at.


@cache
def _names(model: type[models.Model]) -> tuple[str, ...]:
    """What a new row is given: all but an id that the database counts."""
    return tuple(field.attname for field in model._meta.concrete_fields if not isinstance(field, models.AutoField))


@cache
def _prepare(model: type[models.Model], name: str, using: str, vendor: str) -> Converter:
    return to_database(model, name, using)


@cache
def _insertion(
    model: type[models.Model], names: tuple[str, ...], conflict: str, using: str, vendor: str
) -> tuple[list[Converter], str]:
    columns = ", ".join(_column(model, name) for name in names)
    places = ", ".join(["%s"] * len(names))
    statement = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places}) {conflict}"  # noqa: S608 - ours alone
    return [to_database(model, name, using) for name in names], statement


@cache
def _change(
    model: type[models.Model], names: tuple[str, ...], condition: str, vendor: str
) -> tuple[list[Converter], str]:
    changes = ", ".join(f"{_column(model, name)} = %s" for name in names)
    besides = f" AND {condition}" if condition else ""
    key = model._meta.pk.attname
    statement = f"UPDATE {model._meta.db_table} SET {changes} WHERE {_column(model, key)} = %s{besides}"  # noqa: S608
    return [to_database(model, name) for name in (*names, key)], statement


@cache
def _finding(
    model: type[models.Model], names: tuple[str, ...], extras: tuple[str, ...], vendor: str
) -> tuple[Columns, list[Converter], str]:
    columns = _columns(model, vendor)
    listed = ", ".join((columns.listed, *extras))
    conditions = " AND ".join(f"{_column(model, name)} = %s" for name in names)
    statement = f"SELECT {listed} FROM {columns.table} WHERE {conditions}"  # noqa: S608 - ours alone
    return columns, [to_database(model, name) for name in names], statement


@cache
def _existence(model: type[models.Model], column: str, vendor: str) -> tuple[Converter, str]:
    table, column = map(connection.ops.quote_name, (model._meta.db_table, column))
    statement = f"SELECT 1 FROM {table} WHERE {column} = %s LIMIT 1"  # noqa: S608 - names of ours and of the project's
    return to_database(model, model._meta.pk.attname), statement


@cache
def _columns(
    model: type[models.Model], vendor: str, names: tuple[str, ...] = (), *, qualified: bool = False
) -> Columns:
    """Those of these attributes, or all; `qualified` by their table, for a statement of two."""
    fields: Any = [model._meta.get_field(name) for name in names] or model._meta.concrete_fields
    table = connection.ops.quote_name(model._meta.db_table)
    attributes = [field.attname for field in fields]
    columns = [_column(model, name) for name in attributes]
    listed = ", ".join(f"{table}.{column}" if qualified else column for column in columns)
    return Columns(attributes, [from_database(field) for field in fields], listed, table)


def _column(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.get_field(name)
    return connection.ops.quote_name(str(field.column))
