"""The tick: the pace at which replies are read and told of, which follows how many there are."""

import asyncio
import weakref
from collections.abc import Callable
from typing import Any

FRAME_SECONDS = 0.016
"""Followers are told of news at most once in this time: one display frame. The first piece never waits."""
BUSY = 4
"""Replies. Where more are being written, all are read and told together, by one tick that they share: what a token
costs is mostly to wake for it, the more so between requests, which leave the processor's caches cold."""
ROOT_SECONDS = 0.0125
"""A tick takes this, times the root of the number of replies: what ticks cost goes with their number over its time,
what is waited for goes with its time. So it has grown to its longest with 16."""
BUSY_FRAME_SECONDS = 0.050
"""How long a tick grows to: a page still shows 20 pieces a second."""
AT_ONCE = 64
"""So many are told in one turn of the event loop."""


class Tick:
    """The pace of all replies of the process, which follows their number."""

    def __init__(self) -> None:
        self.is_busy = False
        self.seconds = FRAME_SECONDS
        self._replies: weakref.WeakSet[Any] = weakref.WeakSet()
        """Those that are being written."""
        self._due: list[Callable[[], None]] = []

    def add(self, reply: object) -> None:
        self._replies.add(reply)
        self._adapt()

    def discard(self, reply: object) -> None:
        self._replies.discard(reply)
        self._adapt()

    def _adapt(self) -> None:
        number = len(self._replies)
        self.is_busy = number > BUSY
        self.seconds = min(max(FRAME_SECONDS, ROOT_SECONDS * number**0.5), BUSY_FRAME_SECONDS)

    def next(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """Done at the next tick. One for each who waits, for who is cancelled cancels what it waits for."""
        future: asyncio.Future[None] = loop.create_future()
        self.call(lambda: None if future.done() else future.set_result(None), loop)
        return future

    def call(self, function: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        """At the next tick, with all others."""
        self._due.append(function)
        if len(self._due) == 1:
            loop.call_at((loop.time() // self.seconds + 1) * self.seconds, self._call_all)

    def _call_all(self) -> None:
        due, self._due = self._due, []
        self._call(due)

    def _call(self, due: list[Callable[[], None]]) -> None:
        """Some in each turn of the event loop, so that requests need not wait for all."""
        for function in due[:AT_ONCE]:
            function()
        if rest := due[AT_ONCE:]:
            asyncio.get_running_loop().call_soon(self._call, rest)


tick = Tick()
"""The process's."""
