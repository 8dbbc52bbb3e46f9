"""Values on their way between a model's attributes and the columns of a database, without the ORM's compiler."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.utils.dateparse import parse_datetime

Converter = Callable[[Any], Any]

PLAIN: dict[Any, type] = {
    models.CharField: str,
    models.TextField: str,
    models.IntegerField: int,
    models.FloatField: float,
    models.BooleanField: bool,
}
"""Fields, and the values that a database takes from them as they are: to ask the field takes 5 µs for each of 60."""


def to_database(model: type[models.Model], name: str, using: str = DEFAULT_DB_ALIAS) -> Converter:
    """From an attribute's value to what the database takes."""
    field: Any = model._meta.get_field(name)
    target = field
    while target.remote_field:
        target = target.target_field
    as_it_is = next((values for kind, values in PLAIN.items() if isinstance(target, kind)), None)
    if isinstance(target, models.UUIDField) and not connections[using].features.has_native_uuid_field:

        def convert(value: Any) -> Any:
            return value.hex if type(value) is uuid.UUID else convert_other(value)
    elif isinstance(target, models.DateTimeField) and _has_times_in_utc(connections[using]):

        def convert(value: Any) -> Any:
            is_usual = type(value) is datetime and value.tzinfo is UTC
            return str(value.replace(tzinfo=None)) if is_usual else convert_other(value)
    else:

        def convert(value: Any) -> Any:
            return value if type(value) is as_it_is else convert_other(value)

    def convert_other(value: Any) -> Any:
        return None if value is None else field.get_db_prep_save(value, connections[using])

    return convert


def _has_times_in_utc(database: Any) -> bool:
    """Without a time zone, as SQLite has them: adapt_datetimefield_value of its operations says the same."""
    return database.vendor == "sqlite" and database.timezone is UTC


def from_database(field: Any) -> Converter | None:
    """From what the database gives to an attribute's value, as the ORM's compiler does it; None: it is that.

    What SQLite has as text or number is read at once: a page has dozens of ids and times, and to ask Django what they
    are takes most of it.
    """
    column = field.get_col(field.model._meta.db_table)
    steps = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
    if not steps:
        return None
    direct = DIRECT.get(steps[0].__name__) if len(steps) == 1 else None
    if direct and (direct is not _read_time or connection.timezone is UTC):
        return direct

    def read(value: Any) -> Any:
        for step in steps:
            value = step(value, column, connection)
        return value

    return read


def _read_time(value: Any) -> Any:
    """In UTC, as SQLite has it."""
    time: Any = value if type(value) is datetime else parse_datetime(value)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


DIRECT: dict[str, Converter] = {
    "convert_uuidfield_value": uuid.UUID,
    "convert_booleanfield_value": bool,
    "convert_datetimefield_value": _read_time,
}
"""By the names of SQLite's converters; of nothing they make nothing."""
OF_SOMETHING = tuple(DIRECT.values())


def attributes_of(row: Sequence[Any], readers: Sequence[Converter | None]) -> list[Any]:
    """What a row says, each value read by its own."""
    return [
        value if read is None or (value is None and read in OF_SOMETHING) else read(value)
        for read, value in zip(readers, row, strict=True)
    ]
