"""Database work of the event loop: in a few threads, each with one connection, however many streams are open."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from chat import metrics
from chat.conf import settings
from chat.core.pools import Size, pools

P = ParamSpec("P")
R = TypeVar("R")

_of_thread = threading.local()


def size_of(pool: str) -> Size:
    return pools(settings.CHAT_REQUEST_THREADS)[pool]


def belong_to(pool: str) -> None:
    """This thread does, from now on."""
    _of_thread.pool = pool


class PoolThreads(ThreadPoolExecutor):
    """Threads of one of the pools of chat/core/pools.py, all of them or some."""

    def __init__(self, pool: str, threads: int, prefix: str) -> None:
        super().__init__(threads, prefix, initializer=belong_to, initargs=(pool,))
        self.waiting: set[Future[Any]] = set()
        """What they have yet to do."""

    def submit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> "Future[Any]":  # type: ignore[override]
        future = super().submit(with_usable_connection, function, *args, **kwargs)
        self.waiting.add(future)
        future.add_done_callback(self.waiting.discard)
        return future


class Pool(PoolThreads):
    def __init__(self, name: str) -> None:
        self._start(name)
        os.register_at_fork(after_in_child=partial(self._start, name))  # where its threads are not
        metrics.waiting.labels(name).set_function(lambda: len(self.waiting))

    def _start(self, name: str) -> None:
        super().__init__(name, size_of(name).threads, f"chat-{name}")

    async def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        work = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self, work)

    def wait(self, function: Callable[[], R]) -> R:
        """As `call`, for a daemon that says when it is time, and has no connection of its own."""
        try:
            future = self.submit(function)
        except RuntimeError:  # the process ends, and nothing begins any more
            sys.exit()
        result: R = future.result()
        return result


# Of their own, because writers wait for each other, up to 20 s when SQLite is locked, and readers need not.
readers = Pool("reading")
writers = Pool("writing")
_doorkeepers = Pool("login")
long_work = Pool("long")
"""Theirs may take minutes, with all that an account owns."""


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a synchronous function that reads, called in a thread that may use the ORM.

    Unlike `sync_to_async` it needs nothing of the request's context, so that tasks which outlive their request
    may call it. If the caller is cancelled a function that has begun still runs to its end.
    """
    return await readers.call(function, *args, **kwargs)


async def write_in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for a function that writes."""
    return await writers.call(function, *args, **kwargs)


async def login_in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for the two short reads that each request begins with: they must not wait for long ones."""
    return await _doorkeepers.call(function, *args, **kwargs)


async def in_context(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, with the context of whoever calls: what Django and others keep of a request."""
    return await sync_to_async(function, thread_sensitive=False, executor=readers)(*args, **kwargs)


def has_time_outs() -> bool:
    """Is this a thread in which no statement may take too long? Commands of manage.py have none."""
    pool: str = getattr(_of_thread, "pool", "")
    return bool(pool) and size_of(pool).has_time_outs


def with_usable_connection(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Calls it once this thread has looked at its connection: one that broke, or has had its time, is opened anew."""
    close_old_connections()
    return function(*args, **kwargs)
