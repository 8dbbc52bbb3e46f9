"""Redis, or Valkey, as the bus: a channel for each process and one for all, and nothing that is kept.

What is sent waits in a queue with a bound, and one task sends all of it in one round trip; another listens. When
either fails, both end, and begin anew with another connection a moment later. Nobody else waits for Redis, and the log
says once that it is away.
"""

import asyncio
import contextvars
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from chat import metrics
from chat.core.process import process_name
from chat.live.exchange.bus import ALL, Bus
from chat.live.redis_client import client_of

logger = logging.getLogger(__name__)

CHANNEL = "chat:process:"
QUEUE_BYTES = 8_000_000
"""What may wait to be sent. What comes then is dropped, which those who miss it notice."""
BATCH = 100
"""Messages of a round trip."""
PING_SECONDS = 2.0
SILENT_SECONDS = 6.0
"""So long after it was last heard, a connection counts as lost."""
PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before it is tried again; the last one again and again."""
STEADY_SECONDS = 10.0
"""Only what has gone well for so long is news when it fails."""
CLOSE_SECONDS = 0.5


class RedisBus(Bus):
    def __init__(self, url: str, name: str = "") -> None:
        self._url = url
        self._name = name
        self._queue: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._has_more, self._has_sent = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._heard_at = 0.0
        self._is_closed = False
        self._is_said = False
        """Does the log say that it is away?"""

    @property
    def name(self) -> str:
        return self._name or process_name()

    def start(self, hear: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        if self._is_closed:
            return
        if not self._task or self._task.done() or self._task.get_loop() is not loop:
            self._has_more, self._has_sent = asyncio.Event(), asyncio.Event()
            # In a context of its own: that of a request would keep the request's thread.
            self._task = loop.create_task(self._run(hear, lost), context=contextvars.Context())

    def send(self, process: str, message: bytes) -> None:
        if not self.is_up:
            return
        if self._bytes and self._bytes + len(message) > QUEUE_BYTES:
            metrics.bus_messages.labels("dropped").inc()
            return
        self._queue.append((process, message))
        self._bytes += len(message)
        self._has_sent.clear()
        self._has_more.set()

    async def close(self) -> None:
        self._is_closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await (self._has_sent.wait() if self._bytes else asyncio.sleep(0))
        if self._task and self._task.get_loop() is asyncio.get_running_loop():
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CLOSE_SECONDS)  # it closes its connections, if it is let

    async def _run(self, hear: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """Connects, again and again."""
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            began = loop.time()
            try:
                await self._connected(hear)
            except Exception as exc:  # whatever it is: answers go on without
                self._say(exc)
            finally:
                self._go_down(lost)
            failures = 0 if loop.time() - began > STEADY_SECONDS else failures + 1
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])

    async def _connected(self, hear: Callable[[bytes], None]) -> None:
        """Sends and listens until something fails."""
        async with client_of(self._url) as client, client.pubsub() as channel:
            await channel.subscribe(CHANNEL + self.name, CHANNEL + ALL)
            await _all_until_one_fails(self._listen(channel, hear), self._send(client), self._watch(channel))

    async def _listen(self, channel: Any, hear: Callable[[bytes], None]) -> None:
        while True:
            message = await channel.get_message(timeout=None)
            self._heard_at = asyncio.get_running_loop().time()
            if not message:
                continue
            if message["type"] == "subscribe":
                self.is_up = True
            elif message["type"] == "message":
                metrics.bus_messages.labels("heard").inc()
                hear(message["data"])

    async def _send(self, client: Any) -> None:
        while True:
            await self._has_more.wait()
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            if not self._queue:
                self._has_more.clear()
            async with client.pipeline(transaction=False) as pipeline:
                for process, message in batch:
                    pipeline.publish(CHANNEL + process, message)
                await pipeline.execute()
            metrics.bus_messages.labels("sent").inc(len(batch))
            self._bytes -= sum(len(message) for _, message in batch)
            if not self._queue:
                self._has_sent.set()

    async def _watch(self, channel: Any) -> None:
        """A connection may be gone without a word, and who does not send does not notice."""
        loop = asyncio.get_running_loop()
        self._heard_at = began = loop.time()
        while loop.time() - self._heard_at < SILENT_SECONDS:
            await asyncio.sleep(PING_SECONDS)
            await channel.ping()
            if self._is_said and loop.time() - began > STEADY_SECONDS:
                self._is_said = False
                logger.info("Redis is there again")
        raise TimeoutError("It does not answer")

    def _go_down(self, lost: Callable[[], None]) -> None:
        self.is_up = False
        self._queue.clear()
        self._bytes = 0
        self._has_more.clear()
        self._has_sent.set()
        lost()

    def _say(self, exc: Exception) -> None:
        if not self._is_said:
            self._is_said = True
            logger.warning(
                "Redis is away, so what other processes write comes from the database: %s: %s", type(exc).__name__, exc
            )


async def _all_until_one_fails(*work: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
