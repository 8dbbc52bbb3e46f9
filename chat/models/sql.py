"""Rows without the ORM, for what each request, each question and each answer does.

The ORM builds a statement anew each time, which takes several times as long as the database takes for it: 0.4 ms
against 0.04 for a row of a conversation. Here a statement is built once for each model and its columns; it sends no
signals, and no ids come back.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.utils import timezone

from chat.models.converters import Converter, attributes_of, from_database, to_database

AnyModel = TypeVar("AnyModel", bound=models.Model)
OtherModel = TypeVar("OtherModel", bound=models.Model)


def insert(rows: Sequence[models.Model], using: str = DEFAULT_DB_ALIAS, conflict: str = "") -> None:
    """Store new rows of one model; `conflict` says in SQL what is done instead. Raises IntegrityError."""
    if not rows:
        return
    model = type(rows[0])
    names = _names(model)
    insert_values(model, names, [[getattr(row, name) for name in names] for row in rows], using, conflict)
    for row in rows:
        row._state.adding = False


def insert_values(
    model: type[models.Model],
    names: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    using: str = DEFAULT_DB_ALIAS,
    conflict: str = "",
) -> None:
    """As `insert`, for rows that are nothing but their values; the names are those of the fields' attributes."""
    if not rows:
        return
    database = connections[using]
    converters, statement = _insertion(model, names, conflict, using, database.vendor)
    values = [[convert(value) for convert, value in zip(converters, row, strict=True)] for row in rows]
    with database.cursor() as cursor:
        cursor.executemany(statement, values)


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


def insert_new(row: models.Model) -> bool:
    """Store a new row, whose id is given. False, and nothing is stored, if there is one with this id."""
    model = type(row)
    names = _names(model)
    converters, statement = _insertion(model, names, "ON CONFLICT DO NOTHING", DEFAULT_DB_ALIAS, connection.vendor)
    values = [convert(getattr(row, name)) for convert, name in zip(converters, names, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount)


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
    names, readers, row = _first_row(model, wanted)
    return None if row is None else _made(model, names, readers, row)


def find_with(model: type[AnyModel], extra: str, **wanted: Any) -> tuple[AnyModel, Any] | None:
    """As `find`, with one more value, in SQL."""
    found = find_with_all(model, (extra,), (), **wanted)
    return found and (found[0], found[1][0])


def find_with_all(
    model: type[AnyModel], extras: tuple[str, ...], values: tuple[Any, ...], **wanted: Any
) -> tuple[AnyModel, Sequence[Any]] | None:
    """As `find`, with more values, in SQL, and what these are given."""
    names, readers, row = _first_row(model, wanted, "".join(f", {extra}" for extra in extras), values)
    end = len(names)
    return None if row is None else (_made(model, names, readers, row[:end]), row[end:])


def select(model: type[AnyModel], condition: str, *values: Any) -> list[AnyModel]:
    """The rows that fulfil a condition in SQL, with order and limit, as the ORM would give them."""
    return [made(model, row) for row in select_rows(model, condition, *values)]


def select_rows(model: type[models.Model], condition: str, *values: Any) -> list[tuple[Any, ...]]:
    """As `select`, but as the database has them: `made` makes one of each."""
    _converters, statement, _names, _readers = _selection(model, (), connection.vendor)
    return all_rows(f"{statement}{condition}", *values)


def made(model: type[AnyModel], row: Sequence[Any]) -> AnyModel:
    _converters, _statement, names, readers = _selection(model, (), connection.vendor)
    return _made(model, names, readers, row)


def select_values(
    model: type[models.Model], names: tuple[str, ...], condition: str, *values: Any, extra: tuple[str, ...] = ()
) -> list[list[Any]]:
    """As `select`, but of each row these attributes alone, and some more values, in SQL, as the database has them."""
    readers, columns, table = _some(model, names, extra, connection.vendor)
    rows = all_rows(f"SELECT {columns} FROM {table} WHERE {condition}", *values)  # noqa: S608 - ours alone
    return [attributes_of(row, readers) for row in rows]


def select_rows_with(
    model: type[models.Model], other: type[models.Model], on: str, extra: str, condition: str, *values: Any
) -> list[tuple[Any, ...]]:
    """As `select_rows`; each with the row of another model that belongs to it, if any, and one more value, in SQL."""
    _names, _readers, columns, table = _whole(model, connection.vendor)
    _names, _readers, other_columns, other_table = _whole(other, connection.vendor)
    tables = f"{table} LEFT JOIN {other_table} ON {on}"
    return all_rows(f"SELECT {columns}, {other_columns}, {extra} FROM {tables} WHERE {condition}", *values)  # noqa: S608


def made_with(
    model: type[AnyModel], other: type[OtherModel], row: Sequence[Any]
) -> tuple[AnyModel, OtherModel | None, Any]:
    """Of one of those: both, and the value."""
    names, readers, _columns, _table = _whole(model, connection.vendor)
    other_names, other_readers, _columns, _table = _whole(other, connection.vendor)
    end, last = len(names), len(names) + len(other_names)
    belongs = None if row[end] is None else _made(other, other_names, other_readers, row[end:last])
    return _made(model, names, readers, row[:end]), belongs, row[last]


def place_of(model: type[models.Model], name: str) -> int:
    """Of an attribute's value in a row that `made` makes one of."""
    return _names_of(model).index(name)


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


def _first_row(
    model: type[models.Model], wanted: dict[str, Any], extra: str = "", values: tuple[Any, ...] = ()
) -> tuple[list[str], list[Converter | None], Sequence[Any] | None]:
    """And how it is read."""
    converters, statement, names, readers = _selection(model, tuple(wanted), connection.vendor, extra)
    parameters = [*values, *(convert(value) for convert, value in zip(converters, wanted.values(), strict=True))]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return names, readers, cursor.fetchone()


def _made(model: type[AnyModel], names: list[str], readers: list[Converter | None], row: Sequence[Any]) -> AnyModel:
    return model.from_db(DEFAULT_DB_ALIAS, names, attributes_of(row, readers))


# Statements, each built once. They depend on the kind of database, hence an argument that is not looked at.


@cache
def _names(model: type[models.Model]) -> tuple[str, ...]:
    """What a new row is given: all but an id that the database counts."""
    return tuple(field.attname for field in model._meta.concrete_fields if not isinstance(field, models.AutoField))


@cache
def _names_of(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)


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
def _selection(
    model: type[models.Model], names: tuple[str, ...], vendor: str, extra: str = ""
) -> tuple[list[Converter], str, list[str], list[Converter | None]]:
    fields = model._meta.concrete_fields
    columns = ", ".join(_column(model, field.attname) for field in fields)
    conditions = " AND ".join(f"{_column(model, name)} = %s" for name in names)
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"SELECT {columns}{extra} FROM {table} WHERE {conditions}"  # noqa: S608 - ours alone
    converters = [to_database(model, name) for name in names]
    return converters, statement, [field.attname for field in fields], [from_database(field) for field in fields]


@cache
def _existence(model: type[models.Model], column: str, vendor: str) -> tuple[Converter, str]:
    table, column = map(connection.ops.quote_name, (model._meta.db_table, column))
    statement = f"SELECT 1 FROM {table} WHERE {column} = %s LIMIT 1"  # noqa: S608 - names of ours and of the project's
    return to_database(model, model._meta.pk.attname), statement


@cache
def _some(
    model: type[models.Model], names: tuple[str, ...], extra: tuple[str, ...], vendor: str
) -> tuple[list[Converter | None], str, str]:
    """What reads these attributes and some values more, their columns, and the table."""
    readers = [from_database(model._meta.get_field(name)) for name in names]
    columns = ", ".join([*[_column(model, name) for name in names], *extra])
    return [*readers, *[None] * len(extra)], columns, connection.ops.quote_name(model._meta.db_table)


@cache
def _whole(model: type[models.Model], vendor: str) -> tuple[list[str], list[Converter | None], str, str]:
    """What is read of a row, its columns by their full names, and the table."""
    fields = model._meta.concrete_fields
    table = connection.ops.quote_name(model._meta.db_table)
    columns = ", ".join(f"{table}.{_column(model, field.attname)}" for field in fields)
    return [field.attname for field in fields], [from_database(field) for field in fields], columns, table


def _column(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.get_field(name)
    return connection.ops.quote_name(str(field.column))
