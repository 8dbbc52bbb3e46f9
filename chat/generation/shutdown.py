"""The end of the process: what runs is let come to its end, and what cannot is stored before the process goes.

Theory. Whoever ends a process sends SIGTERM. For a process that others stand in for, cutting its answers is a waste:
it *drains*.

1. Notice (CHAT_DRAIN_NOTICE_SECONDS). All is served as before, but each response that is no stream closes its
   connection, and /health/ready/ says 503, so that whoever sends requests here sends them elsewhere.
2. Draining (up to CHAT_DRAIN_SECONDS after the signal). The process no longer listens and takes nothing new. Answers,
   their readers, titles, imports and requests that are here go on to their end.
3. Storing. What is left is stored as interrupted, within 8 s, and the server's own handler of the signal has its turn.

With both settings at 0 the process stores at once. A second signal ends the wait.

ASGI servers differ in what they do on SIGTERM, and daphne runs neither `finally` blocks nor ASGI's lifespan. So we
take the signal first and hand it on to the server's own handler when all is stored. Where the server runs in a thread
(`runserver` with its reloader) signals belong to the main thread, and the interpreter's exit is our moment: that one
stores at once.
"""

import asyncio
import atexit
import logging
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import IntEnum
from typing import Any

from chat.conf import settings

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
SECONDS = 8.0
"""How long storing may take. Operators are promised that a process that need not drain is gone 10 s after SIGTERM."""

LAST_SECONDS = 1.0
"""How long the server's own end may take after that. Then the process goes whatever still holds it: the interpreter
would wait for its threads, and one of them may wait for a database that is locked."""

LOOK_SECONDS = 0.1
"""How often it is looked whether all has come to its end."""

StoreAll = Callable[[], Coroutine[Any, Any, None]]


class Phase(IntEnum):
    SERVING = 0
    NOTICE = 1
    DRAINING = 2
    STORING = 3


class Shutdown:
    """Of this process. Not for threads: all of it runs on the event loop."""

    def __init__(self) -> None:
        self.phase = Phase.SERVING
        self.requests = 0
        """That are being answered, streams among them."""
        self.streams = 0
        self._is_expected = False
        self._listeners: list[Callable[[], None]] = []
        self._again = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None

    @property
    def is_near(self) -> bool:
        """Should whoever asks here ask elsewhere the next time?"""
        return self.phase > Phase.SERVING

    def stops_listening(self, stop: Callable[[], None]) -> None:
        """A server says how it takes no more connections, and goes on serving those that it has."""
        self._listeners.append(stop)

    def expect(self, close: Callable[[], None], number_left: Callable[[], int], store_all: StoreAll) -> None:
        """Let the process end as above, by a signal or by its own exit. Called again, it does nothing.

        `close`: take nothing new, safe to repeat. `number_left`: of what runs here and has not come to its end.
        `store_all`: what is left, on the running loop.
        """
        if self._is_expected:
            return
        self._is_expected = True
        loop = asyncio.get_running_loop()
        if threading.current_thread() is not threading.main_thread():
            atexit.register(_store_from_outside, loop, store_all)
            return
        servers = {number: signal.getsignal(number) for number in SIGNALS}

        async def end(number: int) -> None:
            if settings.CHAT_DRAIN_NOTICE_SECONDS or settings.CHAT_DRAIN_SECONDS:
                await self._drain(close, number_left, servers[signal.Signals(number)])
            self.phase = Phase.STORING
            close()
            await _store_then_hand_on(store_all, number, servers)

        def begin_or_hurry(number: int) -> None:
            if self._ending:
                self._again.set()
            else:
                self._ending = loop.create_task(end(number))

        for number in SIGNALS:
            signal.signal(number, lambda number, _frame: loop.call_soon_threadsafe(begin_or_hurry, number))

    async def _drain(self, close: Callable[[], None], number_left: Callable[[], int], servers: Any) -> None:
        """Returns when all has come to its end or has had its time, or at another signal."""
        self.phase = Phase.NOTICE
        await self._until_again(settings.CHAT_DRAIN_NOTICE_SECONDS)
        self.phase = Phase.DRAINING
        for stop in (*self._listeners, *_listeners_of(servers)):
            stop()
        close()
        clock = asyncio.get_running_loop().time
        began, until = clock(), clock() + settings.CHAT_DRAIN_SECONDS
        logger.info("Draining: %s have %g s to end", self._what_is_left(number_left), settings.CHAT_DRAIN_SECONDS)
        while (number_left() or self.requests > self.streams) and clock() < until and not self._again.is_set():
            await self._until_again(LOOK_SECONDS)
        logger.info("Drained for %.1f s: %s are left", clock() - began, self._what_is_left(number_left))

    async def _until_again(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._again.wait()

    def _what_is_left(self, number_left: Callable[[], int]) -> str:
        return f"{number_left()} tasks, {self.requests - self.streams} requests and {self.streams} streams"


shutdown = Shutdown()
"""The process's."""


def _listeners_of(handler: Any) -> list[Callable[[], None]]:
    """Of uvicorn, whose handler of signals is a method of its server."""
    return [server.close for server in getattr(getattr(handler, "__self__", None), "servers", ())]


async def _store_then_hand_on(store_all: StoreAll, number: int, servers: dict[signal.Signals, Any]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS):
            await store_all()
    _be_gone_in(LAST_SECONDS)
    for each, handler in servers.items():
        signal.signal(each, handler)
    handler = servers[signal.Signals(number)]
    if callable(handler):
        handler(number, None)
    else:
        os.kill(os.getpid(), number)


def _be_gone_in(seconds: float) -> None:
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()


def _store_from_outside(loop: asyncio.AbstractEventLoop, store_all: StoreAll) -> None:
    if loop.is_running():
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(store_all(), loop).result(SECONDS)
