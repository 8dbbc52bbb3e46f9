"""Threads that users take turns in: however much one asks for, another waits for one thing of theirs at most."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from chat.errors import TooMany
from chat.models.threads import Pool
from chat.models.users import UserId

P = ParamSpec("P")
R = TypeVar("R")


class FairThreads:
    """Some threads of a pool, of which a user has one at a time. Those who wait are called as they came."""

    def __init__(self, pool: Pool, at_once: int, waiting: int, sentence: str) -> None:
        """`at_once`: how many threads these take at most, of all users; `waiting`: how many calls of one user may
        wait; `sentence` is said to who asks for more.
        """
        self._pool, self._at_once = pool, at_once
        self._turns: WeakValueDictionary[UserId | None, asyncio.Semaphore] = WeakValueDictionary()
        """By user, and for all of them together."""
        self.waiting: Counter[UserId] = Counter()
        self._most, self._sentence = waiting, sentence

    async def call(self, owner_id: UserId, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of a function that may take long. Raises TooMany."""
        async with self._turn_of(owner_id):
            return await self._pool.call(function, *args, **kwargs)

    @asynccontextmanager
    async def _turn_of(self, owner_id: UserId) -> AsyncIterator[None]:
        if self.waiting[owner_id] >= self._most:
            raise TooMany(self._sentence, retry_after=5)
        turn = self._turns.setdefault(owner_id, asyncio.Semaphore())
        room = self._turns.setdefault(None, asyncio.Semaphore(self._at_once))
        self.waiting[owner_id] += 1
        try:
            async with turn, room:
                yield
        finally:
            self.waiting[owner_id] -= 1
            if not self.waiting[owner_id]:
                del self.waiting[owner_id]
