"""CACHES: Django's cache in the database, which says so where it cannot be written to.

Django's own keeps silent and stores nothing. allauth, which locks by it while it counts attempts, takes that for a
limit: with the disk full, whoever logs in would read that they have tried too often.
"""

from collections.abc import Callable
from typing import Any

from django.core.cache.backends.db import DatabaseCache
from django.db import DatabaseError, connections, router, transaction

from chat.failures import unavailable


class Cache(DatabaseCache):
    """Its `add` and `set` raise DatabaseError where that is away, full or read-only."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._said(super().add, *args, **kwargs))

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._said(super().set, *args, **kwargs)

    def _said(self, write: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What fails in a statement is seen on its way; what fails at the commit, by a transaction around Django's."""
        alias, failed = router.db_for_write(self.cache_model_class), list[DatabaseError]()

        def watch(execute: Callable[..., Any], *statement: Any) -> Any:
            try:
                return execute(*statement)
            except DatabaseError as exc:
                failed.append(exc)
                raise

        with transaction.atomic(using=alias), connections[alias].execute_wrapper(watch):
            result = write(*args, **kwargs)
        for exc in failed:
            if unavailable(exc):
                raise exc
        return result
