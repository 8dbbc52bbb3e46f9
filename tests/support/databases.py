"""Databases of a test's own, which are the site's for a while."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connections


@contextmanager
def as_default(database: dict[str, Any]) -> Iterator[None]:
    ours = connections.settings["default"]
    _name_default(database)
    try:
        yield
    finally:
        _name_default(ours)


def _name_default(database: dict[str, Any]) -> None:
    connections["default"].close()
    del connections["default"]
    connections.settings["default"] = database
    ContentType.objects.clear_cache()  # whose ids are others in each


def new_database(server: str, how: str) -> dict[str, Any]:
    """On this server, made like this, in SQL."""
    name, settings = f"site_{uuid.uuid4().hex}", connections.settings[server]
    with connections[server].cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" {how}')
    return settings | {"NAME": name}


def empty_database(server: str, encoding: str = "UTF8") -> dict[str, Any]:
    return new_database(server, f"TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")


def migrated_database(server: str) -> dict[str, Any]:
    return new_database(server, f'TEMPLATE "{connections.settings[server]["NAME"]}"')


def url_of(database: dict[str, Any]) -> str:
    """Of a PostgreSQL."""
    return f"postgres://{database['USER']}:s3cret@{database['HOST']}:{database['PORT']}/{database['NAME']}"
