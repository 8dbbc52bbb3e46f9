"""The rows of one table on their way from one database to another."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connections, models

from chatsite.databases.errors import Refused

BATCH = 100
"""Rows that are in memory together; of those that may be large files, one."""
UNFIT = re.compile("[\0\ud800-\udfff]")
"""Characters that PostgreSQL takes in no text."""
REPLACEMENT = "\ufffd"
"""One for one: what counts characters goes on to be right."""
MODULUS = 2**64


class MovedTable:
    """What was read of it and written, counted and summed up."""

    def __init__(self, model: type[models.Model], source: str, target: str) -> None:
        self._model = model
        self._fields = [field for field in model._meta.local_concrete_fields if not field.generated]
        self._source = source
        self._target = target
        self.rows = 0
        self.changed = 0
        """Texts of which characters were replaced."""
        self._sum = 0

    @property
    def name(self) -> str:
        return self._model._meta.db_table

    @property
    def quoted(self) -> str:
        return connections[self._target].ops.quote_name(self.name)

    def copy(self) -> None:
        """By COPY, which takes rows one by one: https://www.postgresql.org/docs/current/sql-copy.html"""
        target = connections[self._target]
        columns = ", ".join(target.ops.quote_name(str(field.column)) for field in self._fields)
        statement = f"COPY {self.quoted} ({columns}) FROM STDIN"
        with target.wrap_database_errors, target.cursor() as cursor, cursor.copy(statement) as copy:
            for row in self._read(self._source):
                copy.write_row(self._fitting(row))

    def compare(self) -> None:
        """Raises Refused unless there is written what was read."""
        rows, total = 0, 0
        for row in self._read(self._target):
            rows, total = rows + 1, (total + _digest(row)) % MODULUS
        if (rows, total) != (self.rows, self._sum):
            raise Refused(f"Nothing was moved: {self.name} is not the same there ({rows:,} rows of {self.rows:,}).")

    def _fitting(self, row: Sequence[Any]) -> list[Any]:
        """As the other database takes it, and counted."""
        target = connections[self._target]
        values = [self._fit(field, value) for field, value in zip(self._fields, row, strict=True)]
        self.rows += 1
        self._sum = (self._sum + _digest(values)) % MODULUS
        return [
            field.get_db_prep_save(value, connection=target) for field, value in zip(self._fields, values, strict=True)
        ]

    def _fit(self, field: Any, value: Any) -> Any:
        fitting = _replaced(value)
        if fitting != value:
            self.changed += 1
        if isinstance(fitting, str) and field.max_length and len(fitting) > field.max_length:
            raise Refused(
                f"Nothing was moved: a {field.column} in {self.name} has {len(fitting)} characters, "
                f"and PostgreSQL takes {field.max_length}."
            )
        return fitting

    def _read(self, alias: str) -> Iterator[tuple[Any, ...]]:
        """Past whatever hides rows from the site."""
        rows = self._model._base_manager.using(alias).order_by()
        is_large = any(isinstance(field, models.BinaryField) for field in self._fields)
        names = [field.attname for field in self._fields]
        return rows.values_list(*names).iterator(chunk_size=1 if is_large else BATCH)


def _replaced(value: Any) -> Any:
    """A value, or what is in one of JSON."""
    if isinstance(value, str):
        return UNFIT.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [_replaced(each) for each in value]
    if isinstance(value, dict):
        return {_replaced(key): _replaced(each) for key, each in value.items()}
    return value


def _digest(row: Sequence[Any]) -> int:
    """Whatever the order of rows, their sum is the same."""
    digest = hashlib.blake2b(digest_size=8)
    for value in row:
        said = value if isinstance(value, bytes | memoryview) else _said(value).encode()
        digest.update(b"%d:" % len(said))
        digest.update(said)
    return int.from_bytes(digest.digest(), "big")


def _said(value: Any) -> str:
    """Databases keep no order of names in JSON, and no difference between 1 and 1.0."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return json.dumps(_floats(value), sort_keys=True)
    return repr(value)


def _floats(value: Any) -> Any:
    if isinstance(value, list):
        return [_floats(each) for each in value]
    if isinstance(value, dict):
        return {key: _floats(each) for key, each in value.items()}
    return float(value) if isinstance(value, int | float) else value
