"""What keeps an open stream alive while there is no news."""

import asyncio

from chat.live.events import Stored
from chat.live.exchange import LiveReply

KEEP_ALIVE_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 1.0
"""How often the database is asked about a generation that runs nowhere that we know of."""


class Heartbeat:
    """The wait for news, interrupted when it is time for a comment that keeps the stream alive.

    The timer is not moved for each piece of news, which would cost as much as the news: it looks when it strikes.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[bool] | None = None
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def news(self, source: LiveReply | Stored, sent: int) -> bool:
        """Wait until there may be more than `sent`. False if a comment should be sent to keep the stream alive."""
        if isinstance(source, Stored):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            return False
        self._waiting = source.news(sent)
        self._since = self._loop.time()
        if not self._timer:
            self._timer = self._loop.call_later(KEEP_ALIVE_SECONDS, self._strike)
        return await self._waiting

    def interrupt(self) -> None:
        """Something else than the reply has news: whoever waits looks now."""
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(True)

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _strike(self) -> None:
        self._timer = None
        due = self._since + KEEP_ALIVE_SECONDS
        if due > self._loop.time():
            self._timer = self._loop.call_at(due, self._strike)
        elif self._waiting and not self._waiting.done():
            self._waiting.set_result(False)
