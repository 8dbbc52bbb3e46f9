"""The exchange: where replies that are being written are found, by whoever follows or stops them.

Theory. The engine that runs a generation publishes its live reply, appends to it and ends it. A follower finds the
live reply by the generation's id, reads it by position and waits for news. What is not found here is in the
database: it has ended, or is about to be published, or its process is gone.

Rules for every back end, kept by one suite of tests:
- after `publish` returns, `find` gives a live reply whose content is what was appended so far;
- followers see every append and the ending in order, and never an ending before the text that precedes it;
- the ending is announced only after it is stored, so whoever no longer finds a reply reads its end in the database;
- `stop` reaches the generation in whichever process runs it.
"""

import asyncio
import uuid
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from chat.core.reply import Part, Reply

FRAME_SECONDS = 0.016
"""Followers are told of news at most once in this time: one display frame. The first piece never waits."""
BUSY = 40
"""Replies. Where more are being written, all are read and told together, by one tick that they share: what a token
costs is mostly to wake for it."""
ROOT_SECONDS = 0.003
"""A tick takes this, times the root of the number of replies: what ticks cost goes with their number over its time,
what is waited for goes with its time."""
BUSY_FRAME_SECONDS = 0.050
"""How long a tick grows to: a page still shows 20 pieces a second."""
AT_ONCE = 64
"""So many are told in one turn of the event loop."""
CROWD = 8
"""Followers of one reply. More are told as rarely: each piece is sent to each of them."""


class LiveReply:
    """A reply that is being written, and the followers that wait for it. For one event loop, not for threads."""

    def __init__(self, conversation_id: uuid.UUID, parts: Iterable[Part] = ()) -> None:
        self.conversation_id = conversation_id
        self.reply = Reply(parts)
        self.ending: dict[str, object] | None = None
        self.title: str | None = None
        self.is_over = False
        self._loop = asyncio.get_running_loop()
        self.encoded: tuple[int, int, bytes] | None = None
        """What followers sent last: from, to, frames. Most are at the same place, so it is encoded once for all."""
        self._waiting: list[asyncio.Future[bool]] = []
        self._told_at = 0.0
        self._written_at = 0.0
        self._will_tell = False
        _tick.add(self)

    def append(self, kind: str, text: str) -> None:
        self.reply.append(kind, text)
        if self._waiting and not self._will_tell:
            self._tell_once_a_frame()

    def pause(self) -> asyncio.Future[None] | None:
        """What the writer awaits after a piece, so that all replies go on together; None where they are few.

        None as well where pieces are rarer than ticks: nothing would have come meanwhile.
        """
        if not _tick.is_busy:
            return None
        last, self._written_at = self._written_at, self._loop.time()
        return _tick.next(self._loop) if self._written_at - last < 2 * _tick.seconds else None

    def end(self, ending: dict[str, object]) -> None:
        """The reply has ended, and its ending is stored. `ending` is the data of the `end` event."""
        self.ending = ending
        self.abandon()

    def abandon(self) -> None:
        """Nothing more will come from here: followers must look in the database."""
        self.is_over = True
        _tick.discard(self)
        self.tell()

    def retitle(self, title: str) -> None:
        self.title = title
        self.tell()

    def news(self, position: int) -> asyncio.Future[bool]:
        """Done once there is more than `position`, another title, or an end; at most once a frame.

        It becomes True then, unless the caller has made it something else before.
        """
        waiting: asyncio.Future[bool] = self._loop.create_future()
        if self.is_over:
            waiting.set_result(True)
            return waiting
        self._waiting.append(waiting)
        if self.reply.position > position and not self._will_tell:
            self._tell_once_a_frame()
        return waiting

    def tell(self) -> None:
        """Let all that wait look now."""
        self._told_at = self._loop.time()
        self._will_tell = False
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(True)

    def _tell_once_a_frame(self) -> None:
        if _tick.is_busy:
            seconds = _tick.seconds / 2  # the writer keeps its time as well, though not to the millisecond
        else:
            seconds = FRAME_SECONDS if len(self._waiting) <= CROWD else BUSY_FRAME_SECONDS
        due = self._told_at + seconds
        if due <= self._loop.time():
            self.tell()
            return
        self._will_tell = True
        if _tick.is_busy:
            _tick.call(self.tell, self._loop)
        else:
            self._loop.call_at(due, self.tell)


class _Tick:
    """The pace of all replies of the process, which follows their number."""

    def __init__(self) -> None:
        self.is_busy = False
        self.seconds = FRAME_SECONDS
        self._replies: weakref.WeakSet[LiveReply] = weakref.WeakSet()
        """Those that are being written."""
        self._due: list[Callable[[], None]] = []

    def add(self, reply: LiveReply) -> None:
        self._replies.add(reply)
        self._adapt()

    def discard(self, reply: LiveReply) -> None:
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


_tick = _Tick()


class Exchange(ABC):
    """Where live replies are found."""

    @abstractmethod
    async def publish(self, generation_id: uuid.UUID, live: LiveReply, stop: Callable[[], None]) -> None:
        """Make `live` findable, and let `stop` be called when somebody wants the generation to end."""

    @abstractmethod
    async def withdraw(self, generation_id: uuid.UUID) -> None:
        """The reply has ended and is in the database."""

    @abstractmethod
    async def find(self, generation_id: uuid.UUID) -> LiveReply | None:
        """The live reply, or None: then the database knows."""

    @abstractmethod
    async def stop(self, generation_id: uuid.UUID) -> bool:
        """Ask the process that runs the generation to end it. False if none is known to."""

    @abstractmethod
    async def retitle(self, conversation_id: uuid.UUID, title: str) -> None:
        """Tell those who follow a reply in this conversation that it has another title."""
