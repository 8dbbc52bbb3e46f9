"""The open streams of a process, and the task that looks at them while there are any."""

import asyncio
import contextvars
import logging
from collections.abc import Callable

from chat.failures import log_waiting
from chat.live.access.access import Access
from chat.live.access.questions import ask

logger = logging.getLogger(__name__)

CHECK_SECONDS = 10.0
"""15 are promised, and a slow database may take some of them."""


class Watch:
    def __init__(self) -> None:
        self._open: set[Access] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, access: Access, tell: Callable[[], None]) -> None:
        """From now on `access.gone` says why the right is gone, once it is; then `tell` is called."""
        access.tell = tell
        self._open.add(access)
        if not self._task or self._task.done():
            # In a context of its own: that of a request would keep the request's thread.
            self._task = asyncio.get_running_loop().create_task(self._look(), context=contextvars.Context())

    def discard(self, access: Access) -> None:
        access.tell = None
        self._open.discard(access)

    async def _look(self) -> None:
        while self._open:
            await asyncio.sleep(CHECK_SECONDS)
            if self._open:
                await self.check()

    async def check(self) -> None:
        """Ends what nothing allows any more. Where nobody can be asked, what was true before still is."""
        try:
            ended = await ask(list(self._open))
        except Exception as exc:
            log_waiting(logger, exc, "it cannot be asked what open streams are allowed")
        else:
            for access, gone in ended:
                access.end(gone)


watch = Watch()
"""The process's."""
