"""Database work of the event loop: in a few threads, each with one connection, however many streams are open."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

from chat import metrics

P = ParamSpec("P")
R = TypeVar("R")


class Pool(ThreadPoolExecutor):
    def __init__(self, name: str) -> None:
        super().__init__(max_workers=2, thread_name_prefix=f"chat-{name}")
        self._waiting = 0
        metrics.waiting.labels(name).set_function(lambda: self._waiting)

    async def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        work = partial(with_usable_connection, function, *args, **kwargs)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self, work)
        finally:
            self._waiting -= 1


# Of their own, because writers wait for each other, up to 20 s when SQLite is locked, and readers need not.
_readers = Pool("reading")
_writers = Pool("writing")
# Theirs may take minutes, with all that an account owns.
_erasers = Pool("erasing")
_doorkeepers = Pool("login")
# Each password takes one a third of a second.
_hashers = Pool("hashing")


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a synchronous function that reads, called in a thread that may use the ORM.

    Unlike `sync_to_async` it needs nothing of the request's context, so that tasks which outlive their request
    may call it. If the caller is cancelled a function that has begun still runs to its end.
    """
    return await _readers.call(function, *args, **kwargs)


async def write_in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for a function that writes."""
    return await _writers.call(function, *args, **kwargs)


async def erase_in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for what is erased at once: nobody else's turn waits for it."""
    return await _erasers.call(function, *args, **kwargs)


async def login_in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for the two short reads that each request begins with: they must not wait for long ones."""
    return await _doorkeepers.call(function, *args, **kwargs)


async def hash_in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for what hashes a password, which may store it anew: nobody else's turn waits for it."""
    return await _hashers.call(function, *args, **kwargs)


def with_usable_connection(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Calls it once this thread has looked at its connection: one that broke, or has had its time, is opened anew."""
    close_old_connections()
    return function(*args, **kwargs)
