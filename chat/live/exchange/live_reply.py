"""A reply that is being written, and when those who follow it are told of news."""

import asyncio
import uuid
from collections.abc import Iterable
from typing import NamedTuple

from chat.core.reply import Part, Reply
from chat.live.exchange.tick import BUSY_FRAME_SECONDS, FRAME_SECONDS, tick

CROWD = 8
"""Followers of one reply. More are told as rarely: each piece is sent to each of them."""


class Notices(NamedTuple):
    """What readers are told of a reply besides itself. Another value is another object."""

    title: str | None = None
    """Another one of its conversation."""
    unstored: str = ""
    """The sentence that says that it cannot be stored now; empty: it can."""


NO_NOTICES = Notices()


class LiveReply:
    """A reply that is being written, and the followers that wait for it. For one event loop, not for threads."""

    may_lag = False
    """May it have less than what was already read of the same reply elsewhere?"""
    sets_the_pace = True
    """Is it written here?"""
    is_known = True
    """Is its title known, and whether it can be stored?"""

    def __init__(self, conversation_id: uuid.UUID, parts: Iterable[Part] = ()) -> None:
        self.conversation_id = conversation_id
        self.reply = Reply(parts)
        self.ending: dict[str, object] | None = None
        self.notices = NO_NOTICES
        self.is_over = False
        self._loop = asyncio.get_running_loop()
        self.encoded: tuple[int, int, bytes] | None = None
        """What followers sent last: from, to, frames. Most are at the same place, so it is encoded once for all."""
        self._waiting: list[asyncio.Future[bool]] = []
        self._told_at = 0.0
        self._written_at = 0.0
        self._is_paced = False
        """Does its writer pause from tick to tick?"""
        self._will_tell = False
        if self.sets_the_pace:
            tick.add(self)

    def append(self, kind: str, text: str) -> None:
        self.reply.append(kind, text)
        if self._waiting and not self._will_tell:
            self._tell_once_a_frame()

    def pause(self) -> asyncio.Future[None] | None:
        """What the writer awaits after a piece, so that all replies go on together; None where they are few.

        None as well where pieces are rarer than ticks: nothing would have come meanwhile.
        """
        if not tick.is_busy:
            return None
        last, self._written_at = self._written_at, self._loop.time()
        self._is_paced = self._written_at - last < 2 * tick.seconds
        return tick.next(self._loop) if self._is_paced else None

    def end(self, ending: dict[str, object]) -> None:
        """The reply has ended, and its ending is stored. `ending` is the data of the `end` event."""
        self.ending = ending
        self.abandon()

    def abandon(self) -> None:
        """Nothing more will come from here: followers must look in the database."""
        self.is_over = True
        tick.discard(self)
        self.tell()

    def retitle(self, title: str) -> None:
        self.notices = self.notices._replace(title=title)
        self.tell()

    def wait_for_storage(self, sentence: str) -> None:
        """It cannot be stored now, which `sentence` says; empty: it can again."""
        if sentence != self.notices.unstored:
            self.notices = self.notices._replace(unstored=sentence)
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
        if tick.is_busy:
            # Who pauses writes once a tick, right after it: what waited for the next one would be a tick late.
            seconds = 0.0 if self._is_paced else tick.seconds
        else:
            seconds = FRAME_SECONDS if len(self._waiting) <= CROWD else BUSY_FRAME_SECONDS
        due = self._told_at + seconds
        if due <= self._loop.time():
            self.tell()
            return
        self._will_tell = True
        if tick.is_busy:
            tick.call(self.tell, self._loop)
        else:
            self._loop.call_at(due, self.tell)
