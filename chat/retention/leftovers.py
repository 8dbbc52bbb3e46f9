"""What is left of an erasure: is there any row or byte of the ids that its certificate names?

Rows: of all tables of the project, those that have such a key, or refer to it. Logs name things by text, which refers
to nothing; so does a certificate itself. Bytes: of the files of the database, where a key stands as its rows have it:
SQLite as 32 hexadecimal digits, PostgreSQL as 16 bytes. In logs and certificates it has dashes, and is no match.
"""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, models

from chat.core.batches import batches
from chat.models import Certificate
from chat.retention.certificates import ROWS, rows_of

CHUNK = 1024 * 1024
SEGMENT = 1024**3
"""Bytes in one file of a table of PostgreSQL."""
HEXADECIMAL = re.compile(rb"[0-9a-f]{32,}")
"""A run that a key can lie in, anywhere: columns stand side by side."""

Keys = set[bytes]


def rows_left(certificate: Certificate) -> dict[str, int]:
    """By table and column, how many rows there are; those without any are left out."""
    found = {
        f"{table._meta.db_table}.{field}": _count(table, field, keys)
        for model, keys in rows_of(certificate)
        for table, field in _that_name(model)
    }
    return {name: count for name, count in found.items() if count}


def bytes_left(certificate: Certificate) -> dict[str, int] | None:
    """By file, or by table or index, how many of the ids are in it.

    None where the files cannot be looked at, as in a transaction: there is nothing of that in them yet.
    """
    if connection.in_atomic_block:
        return None
    ids = _uuids(certificate)
    if connection.vendor == "sqlite":
        return _left_in_files({each.hex.encode() for each in ids})
    return _left_in_relations({each.bytes for each in ids}) if _is_superuser() else None


# Rows


def _that_name(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """Each table and column in which its keys stand."""
    for table in apps.get_models(include_auto_created=True):
        if table._meta.proxy or not table._meta.managed:
            continue
        for field in table._meta.local_concrete_fields:
            refers = field.remote_field and field.remote_field.model._meta.concrete_model is model
            if refers or (table is model and field.primary_key):
                yield table, field.attname


def _count(table: type[models.Model], field: str, keys: list[Any]) -> int:
    return sum(table._base_manager.filter(**{f"{field}__in": some}).count() for some in batches(keys, ROWS))


# Bytes


def _uuids(certificate: Certificate) -> list[uuid.UUID]:
    """A number, as the keys of most users are, stands in files for many things."""
    return [key for _model, keys in rows_of(certificate) for key in keys if isinstance(key, uuid.UUID)]


def _left_in_files(keys: Keys) -> dict[str, int] | None:
    database = Path(str(connection.settings_dict["NAME"]))
    if not database.is_file():
        return None
    connection.close()  # who closes a file lets go of what SQLite has locked there
    beside = [database.with_name(database.name + ending) for ending in ("-wal", "-journal")]
    found = {file.name: _found(_pieces_of(file), keys, _hexadecimal) for file in (database, *beside) if file.is_file()}
    return {name: count for name, count in found.items() if count}


def _left_in_relations(keys: Keys) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")  # what is in memory is in the files afterwards
        cursor.execute(
            "SELECT relname, pg_relation_filepath(oid), pg_relation_size(oid) FROM pg_class "
            "WHERE relkind IN ('r', 'i', 't', 'm') AND relpersistence <> 't' AND relnamespace IN "
            "(SELECT oid FROM pg_namespace WHERE nspname IN (current_schema(), 'pg_toast')) ORDER BY relname"
        )
        relations = cursor.fetchall()
    found = {name: _found(_pieces_of_relation(path, size), keys, _raw) for name, path, size in relations if size}
    return {name: count for name, count in found.items() if count}


def _pieces_of(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(CHUNK):
            yield piece


def _pieces_of_relation(path: str, size: int) -> Iterator[bytes]:
    for begin in range(0, size, CHUNK):
        segment, offset = divmod(begin, SEGMENT)
        with connection.cursor() as cursor:
            name = f"{path}.{segment}" if segment else path
            cursor.execute("SELECT pg_read_binary_file(%s, %s, %s, true)", [name, offset, CHUNK])
            yield bytes(cursor.fetchone()[0] or b"")


def _found(pieces: Iterator[bytes], keys: Keys, candidates: Any) -> int:
    """How many of the keys are in there, also across two pieces."""
    if not keys:
        return 0
    found: Keys = set()
    before = b""
    width = len(next(iter(keys)))
    for piece in pieces:
        looked = before + piece
        found |= keys.intersection(candidates(looked))
        before = looked[1 - width :]
    return len(found)


def _hexadecimal(piece: bytes) -> Iterator[bytes]:
    for run in HEXADECIMAL.findall(piece):
        yield from (run[begin : begin + 32] for begin in range(len(run) - 31))


def _raw(piece: bytes) -> Iterator[bytes]:
    return (piece[begin : begin + 16] for begin in range(len(piece) - 15))


def _is_superuser() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])
