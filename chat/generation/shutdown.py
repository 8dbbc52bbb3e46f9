"""The end of the process: what has been received is stored before it goes.

ASGI servers differ in what they do on SIGTERM, and daphne runs neither `finally` blocks nor ASGI's lifespan. So we
take the signal first and hand it on to the server's own handler when all is stored. Where the server runs in a thread
(`runserver` with its reloader) signals belong to the main thread, and the interpreter's exit is our moment.
"""

import asyncio
import atexit
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)
SECONDS = 8.0
"""How long storing may take. Operators are promised that the process is gone within 10 s of SIGTERM."""

LAST_SECONDS = 1.0
"""How long the server's own end may take after that. Then the process goes whatever still holds it: the interpreter
would wait for its threads, and one of them may wait for a database that is locked."""

StoreAll = Callable[[], Coroutine[Any, Any, None]]


def before_the_end(store_all: StoreAll) -> None:
    """Let `store_all` run on the running loop before the process ends by a signal or by its own exit."""
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        atexit.register(_store_from_outside, loop, store_all)
        return
    for number in SIGNALS:
        _take_first(number, loop, store_all)


def _take_first(number: signal.Signals, loop: asyncio.AbstractEventLoop, store_all: StoreAll) -> None:
    servers = signal.getsignal(number)
    tasks: list[asyncio.Task[None]] = []

    async def store_then_hand_on() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                await store_all()
        _be_gone_in(LAST_SECONDS)
        signal.signal(number, servers)
        if callable(servers):
            servers(number, None)
        else:
            os.kill(os.getpid(), number)

    def handler(number: int, frame: FrameType | None) -> None:
        if not tasks:
            loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(store_then_hand_on())))

    signal.signal(number, handler)


def _be_gone_in(seconds: float) -> None:
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()


def _store_from_outside(loop: asyncio.AbstractEventLoop, store_all: StoreAll) -> None:
    if loop.is_running():
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(store_all(), loop).result(SECONDS)
