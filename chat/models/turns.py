"""Threads that users take turns in: however much one asks for, another waits for one thing of theirs at most."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from chat.errors import TooMany
from chat.models.users import UserId

P = ParamSpec("P")
R = TypeVar("R")


class FairThreads:
    """A few threads, of which a user has one at a time. Those who wait are called in the order in which they came."""

    def __init__(self, threads: int, waiting: int, name: str, sentence: str) -> None:
        """`waiting`: how many calls of one user may wait; `sentence` is said to who asks for more."""
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._turns: WeakValueDictionary[UserId, asyncio.Lock] = WeakValueDictionary()
        self.waiting: Counter[UserId] = Counter()
        self._most, self._sentence = waiting, sentence

    async def call(self, owner_id: UserId, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of a function that may take long. Raises TooMany."""
        async with self._turn_of(owner_id):
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*args, **kwargs))

    @asynccontextmanager
    async def _turn_of(self, owner_id: UserId) -> AsyncIterator[None]:
        if self.waiting[owner_id] >= self._most:
            raise TooMany(self._sentence, retry_after=5)
        lock = self._turns.setdefault(owner_id, asyncio.Lock())
        self.waiting[owner_id] += 1
        try:
            async with lock:
                yield
        finally:
            self.waiting[owner_id] -= 1
            if not self.waiting[owner_id]:
                del self.waiting[owner_id]
