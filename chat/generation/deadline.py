"""A deadline that may be moved, and that lets what has already arrived be read before it strikes."""

import asyncio
from types import TracebackType
from typing import Self

READ_FIRST_SECONDS = 0.25
"""How long what has already arrived may still be read when a deadline has passed."""


class Deadline:
    """`async with Deadline() as deadline:` raises TimeoutError at a moment that may be moved while it runs.

    A process that was stopped for a while (SIGSTOP, a paused container) wakes to find its deadlines passed and what
    came in the meantime unread. So a deadline that passes first lets the reader read; what it finds moves it on.
    """

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._when = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timeout = await asyncio.timeout(None).__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._cancel()
        await self._timeout.__aexit__(kind, exc, traceback)

    def reschedule(self, when: float) -> None:
        """`when`: by the loop's clock. What has passed is not moved to another moment that has passed.

        Cheap where it is moved on, as for each token: the timer stays, and looks when it strikes.
        """
        if when <= self._loop.time():
            return
        self._when = when
        if not self._timer or self._timer.when() > when:
            self._cancel()
            self._timer = self._loop.call_at(when, self._strike)

    def _strike(self) -> None:
        if self._when > self._loop.time():
            self._timer = self._loop.call_at(self._when, self._strike)
        else:
            self._timer = self._loop.call_later(READ_FIRST_SECONDS, self._end, self._when)

    def _end(self, when: float) -> None:
        """Unless it was moved on in the meantime."""
        if when == self._when:
            self._timeout.reschedule(self._loop.time())
        else:
            self._strike()

    def _cancel(self) -> None:
        if self._timer:
            self._timer.cancel()
