"""The threads of tools that are plain functions: few, their own, and no user's all of them.

A function cannot be ended from outside, so one that nobody waits for any more keeps its thread until it returns, and
counts for its user as long. A thread opens its connection to the database when the tool first asks for one, if fewer
than CONNECTIONS others have theirs, and gives it back when the tool is done.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Executor, Future
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from django.db import connections

from chat import metrics
from chat.models.threads import belong_to, size_of
from chat.tools.permits import Permits, bounded

R = TypeVar("R")

THREADS = size_of("tools").threads
THREADS_PER_USER = 2
"""Running, and given up."""
CONNECTIONS = size_of("tools").connections
"""To the database, at once."""


class ToolThreads:
    def __init__(
        self, number: int = THREADS, per_user: int = THREADS_PER_USER, connections: int = CONNECTIONS
    ) -> None:
        self._number = number
        self._per_user = per_user
        self._permits = Permits(connections)
        self._lock = threading.Lock()
        self._busy = Counter[Hashable]()
        """By user: threads that they have, or are the next to get."""
        self._waiting = dict[Hashable, deque[Callable[[], None]]]()
        self._ready = SimpleQueue[tuple[Hashable, Callable[[], None]]]()
        self._threads = list[threading.Thread]()
        self._given_up = set[Future[Any]]()

    @property
    def given_up(self) -> int:
        """Threads that hold work for which nobody waits any more."""
        return len(self._given_up)

    @property
    def waiting(self) -> int:
        with self._lock:
            return sum(map(len, self._waiting.values())) + self._ready.qsize()

    def submit(self, user: Hashable, work: Callable[[], None]) -> None:
        with self._lock:
            self._waiting.setdefault(user, deque()).append(work)
            self._let_begin(user)

    def give_up(self, work: "Future[Any]") -> None:
        """It has begun, and nobody waits for it any more."""
        self._given_up.add(work)
        work.add_done_callback(self._given_up.discard)

    def _let_begin(self, user: Hashable) -> None:
        """As many as this user may have. The lock is held."""
        waiting = self._waiting[user]
        while waiting and self._busy[user] < self._per_user:
            self._busy[user] += 1
            self._ready.put((user, waiting.popleft()))
            if len(self._threads) < self._number and self._busy.total() > len(self._threads):
                self._add_thread()
        if not waiting:
            del self._waiting[user]

    def _add_thread(self) -> None:
        # A daemon: a process that ends does not wait for a tool that hangs.
        thread = threading.Thread(target=self._serve, name=f"chat-tool-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        belong_to("tools")
        for alias in connections:
            connections[alias] = bounded(alias, self._permits)
        while True:
            user, work = self._ready.get()
            try:
                work()
            finally:
                del work
                connections.close_all()
                self._permits.give_back()
                self._done(user)

    def _done(self, user: Hashable) -> None:
        with self._lock:
            self._busy[user] -= 1
            if not self._busy[user]:
                del self._busy[user]
            if user in self._waiting:
                self._let_begin(user)


class OfUser(Executor):
    """The threads, as one user has them."""

    def __init__(self, threads: ToolThreads, user: Hashable) -> None:
        self._threads = threads
        self._user = user

    def submit(self, function: Callable[..., R], *args: Any, **kwargs: Any) -> "Future[R]":  # type: ignore[override]
        """What is cancelled before its turn has come never begins."""
        future: Future[R] = Future()
        self._threads.submit(self._user, partial(_fulfil, future, partial(function, *args, **kwargs)))
        return future

    async def call(self, function: Callable[[], R], begun: Callable[[], None]) -> R:
        """In the context of whoever calls. `begun` is called, in any thread, unless it certainly never begins."""

        def work() -> R:
            begun()
            return function()

        future = self.submit(copy_context().run, work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancel():
                begun()
                self._threads.give_up(future)
            raise


def _fulfil(future: "Future[R]", function: Callable[[], R]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as exc:
        future.set_exception(exc)
    else:
        future.set_result(result)


threads = ToolThreads()
"""The process's."""
metrics.waiting.labels("tools").set_function(lambda: threads.waiting)
metrics.tool_threads_given_up.set_function(lambda: threads.given_up)
