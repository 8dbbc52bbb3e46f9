"""Hints of other processes by the database, where there is no Redis: a few seconds late.

What a process has to tell is written every few seconds, if there is anything, and if others were seen to run answers.
What others have told is read every few seconds, by one query for all streams of the process, while there are any. A
process that has stopped to read knows not what it has missed, and says so once it begins again.
"""

import asyncio
import contextvars
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from chat.core.process import process_name
from chat.failures import log_waiting
from chat.live.exchange import Note
from chat.models.note import ProcessNote
from chat.models.threads import in_database, write_in_database

logger = logging.getLogger(__name__)

WRITE_SECONDS = 2.0
READ_SECONDS = 2.5
"""Together less than the 6 s that are promised."""
LINGER_SECONDS = 20.0
"""How long it is read on after the last stream: a page that is left for another ends one and begins one."""
OTHERS_SECONDS = 3600.0
"""How long another process counts as there that was seen to run an answer (chat/generation/recovery.py)."""
MOST = 1_000
"""Notes that wait to be written. Of more some are lost, which a page makes up for when it asks the next time."""


class StoredHints:
    """`tell` may be called from any thread; all else on one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._pending: dict[Note, None] = {}
        self._writing: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._known = set[int]()
        self._has_stopped = False
        self._others_until = 0.0

    def open(self) -> None:
        """Others may be told from now on. Safe to repeat."""
        self._loop = self._loop or asyncio.get_running_loop()

    def saw_others(self) -> None:
        """Another process runs on this database, or ran until just now. From any thread."""
        self._others_until = time.monotonic() + OTHERS_SECONDS

    def tell(self, note: Note) -> None:
        """All other processes, soon, if there are any."""
        if not self._loop or time.monotonic() > self._others_until:
            return
        with self._lock:
            is_first = not self._pending
            if len(self._pending) < MOST:
                self._pending[note] = None
        if is_first:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._write_soon)

    def listen(self, hear: Callable[[Note], None], is_wanted: Callable[[], bool]) -> bool:
        """Have `hear` called with what others tell while that is wanted. True if something may have been missed."""
        if not self._loop or (self._reading and not self._reading.done()):
            return False
        # In a context of its own: that of a request would keep the request's thread.
        self._reading = self._loop.create_task(self._read(hear, is_wanted), context=contextvars.Context())
        return self._has_stopped

    def _write_soon(self) -> None:
        if self._loop and (not self._writing or self._writing.done()):
            self._writing = self._loop.create_task(self._write(), context=contextvars.Context())

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            with self._lock:
                notes, self._pending = self._pending, {}
            if not notes:
                return
            try:
                await write_in_database(ProcessNote.objects.tell, process_name(), notes)
            except Exception as exc:
                log_waiting(logger, exc, "hints are not told to other processes")

    async def _read(self, hear: Callable[[Note], None], is_wanted: Callable[[], bool]) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + LINGER_SECONDS
        while is_wanted() or clock() < until:
            until = clock() + LINGER_SECONDS if is_wanted() else until
            await asyncio.sleep(READ_SECONDS)
            try:
                recent = await in_database(ProcessNote.objects.recent, process_name())
            except Exception as exc:
                log_waiting(logger, exc, "hints of other processes cannot be read")
                continue
            for pk in recent.keys() - self._known:
                hear(tuple(recent[pk]))
            self._known = set(recent)
        self._has_stopped = True


stored = StoredHints()
"""The process's."""
