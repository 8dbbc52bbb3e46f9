"""Addresses of a provider's host, looked for in threads of its own.

The system's `getaddrinfo` blocks its thread for as long as a name server does not answer, and cannot be told to stop.
In asyncio's own threads, where aiohttp has it called, it would keep one from everybody for each name that hangs.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar, cast

from aiohttp import ThreadedResolver

T = TypeVar("T")

THREADS = 2
"""Of one provider. aiohttp asks once for all who wait for the same name."""


class ProviderResolver(ThreadedResolver):
    def __init__(self, seconds: float) -> None:
        """`seconds`: how long a look-up is waited for; then it raises OSError, as one that fails."""
        self._names = _Names(seconds)
        super().__init__(loop=cast(asyncio.AbstractEventLoop, self._names))

    async def close(self) -> None:
        self._names.close()


class _Names:
    """What the resolver asks of an event loop, by the same names."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(THREADS, "chat-host-names")

    async def getaddrinfo(self, host: str, port: int, **how: Any) -> Any:
        return await self._call(partial(socket.getaddrinfo, host, port, **how))

    async def getnameinfo(self, address: Any, flags: int = 0) -> Any:
        return await self._call(partial(socket.getnameinfo, address, flags))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, look: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, look)
        except TimeoutError as exc:
            raise OSError("No name server answers") from exc
