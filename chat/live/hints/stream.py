"""One open stream of hints."""

import asyncio
from contextlib import suppress

from chat.core import sse
from chat.live.access import Access
from chat.live.hints.pending import Hint, Pending


class HintStream:
    """Of whoever `access` is about. `tell` may be called from any thread, all else on the event loop."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.user_id = access.user_id
        self.session = access.session_key
        self.position = ""
        self.is_closed = False
        """Has it made room for another?"""
        self.is_over = False
        self._pending = Pending()
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[None] | None = None

    def tell(self, hint: Hint, position: str) -> None:
        with suppress(RuntimeError):  # its loop is closed
            self._loop.call_soon_threadsafe(self._add, hint, position)

    def wake(self) -> None:
        """Whoever reads looks now."""
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    def close(self) -> None:
        self.is_closed = True
        self.end()

    def end(self) -> None:
        self.is_over = True
        self.wake()

    async def news(self) -> None:
        """Wait until there is something to say, if only that the stream is alive."""
        if self._pending or self.is_over or self.access.gone:
            return
        self._waiting = self._loop.create_future()
        await self._waiting

    def take(self) -> bytes:
        """The frames of what is pending; none if nothing is."""
        hints = self._pending.take()
        return framed([(hint.event, hint.data) for hint in hints], self.position) if hints else b""

    def _add(self, hint: Hint, position: str) -> None:
        self._pending.add(hint)
        self.position = position
        self.wake()


def framed(events: list[tuple[str, dict[str, object]]], position: str) -> bytes:
    """Only the last bears the position after all of them: who is cut before it has not had them all."""
    *first, last = [sse.frame(event, data) for event, data in events]
    return b"".join([*first, last[:-1], f"id: {position}\n\n".encode()])
