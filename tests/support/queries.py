"""The database queries of a request that this process serves, whichever of its threads ask them."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """The SQL of all queries within, in whichever thread; those that have had a connection before count, too."""
    queries: list[str] = []
    watched: list[BaseDatabaseWrapper] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not sql.startswith("PRAGMA"):  # of a connection that is opened
            queries.append(sql)
        return execute(sql, params, many, context)

    def watch(connection: BaseDatabaseWrapper, **kwargs: object) -> None:
        if note not in connection.execute_wrappers:
            connection.execute_wrappers.append(note)
            watched.append(connection)

    watch(connections["default"])
    for each in gc.get_objects():
        # Other than `isinstance` this wakes nothing that is lazy.
        if issubclass(type(each), BaseDatabaseWrapper) and each.connection:
            watch(each)
    connection_created.connect(watch)
    try:
        yield queries
    finally:
        connection_created.disconnect(watch)
        for connection in watched:
            connection.execute_wrappers.remove(note)
