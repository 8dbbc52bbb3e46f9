"""The exchange: where replies that are being written are found, by whoever follows or stops them.

Theory. The engine that runs a generation publishes its live reply, appends to it and ends it. A follower finds the
live reply by the generation's id, reads it by position and waits for news. What another process writes is mirrored
here, where the exchange reaches others: in a live reply that begins with what is stored. What is found in neither way
is in the database: it has ended, or is about to be published, or its process is gone or cannot be reached.

Rules for every back end, kept by one suite of tests:
- after `publish` returns, `find` gives a live reply whose content is what was appended so far;
- followers see every append in order, and never the ending before the text that precedes it;
- the ending is announced only after it is stored, so whoever no longer finds a reply reads its end in the database:
  that of a mirror is read there in any case;
- what a mirror has is what was written, or else it is thrown away: nothing is missing in it, doubled, or out of place;
- `stop` reaches the generation in the process that runs it, or says that it has not.
"""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TypeAlias

from chat.core.process import process_name
from chat.core.reply import Part
from chat.live.exchange.live_reply import LiveReply

Note: TypeAlias = tuple[str, ...]


class Exchange(ABC):
    """Where live replies are found."""

    reaches_others = False
    """Can other processes be told and asked?"""
    hear_note: Callable[[Note], None] | None = None
    """What becomes of the notes of other processes."""

    @property
    def name(self) -> str:
        """What this process is called: as the rows of the generations that it runs say."""
        return process_name()

    def open(self) -> None:
        """Begin to listen to other processes, if there may be any. Safe to repeat; called on the event loop."""
        return

    def tell_all(self, note: Note) -> None:
        """Have all other processes call `hear_note` with it, soon. It may be lost. From any thread."""
        return

    @abstractmethod
    async def publish(
        self,
        generation_id: uuid.UUID,
        live: LiveReply,
        stop: Callable[[], None],
        check: Callable[[], None] | None = None,
    ) -> None:
        """Make `live` findable, and let `stop` be called when somebody wants the generation to end.

        Where another process says so, `check` is called: it is to look in the database whether that is true.
        """

    @abstractmethod
    async def withdraw(self, generation_id: uuid.UUID) -> None:
        """The reply has ended and is in the database."""

    @abstractmethod
    async def find(self, generation_id: uuid.UUID) -> LiveReply | None:
        """The live reply, written or mirrored in this process, or None: then the database knows."""

    def mirror(
        self, generation_id: uuid.UUID, process: str, conversation_id: uuid.UUID, stored: Iterable[Part]
    ) -> LiveReply | None:
        """A mirror of what `process` writes, beginning with what is `stored` of it. None: read the database.

        It may be behind what a follower has had already, and over at any moment, without an ending.
        """
        return None

    @abstractmethod
    async def stop(self, generation_id: uuid.UUID, process: str = "") -> bool:
        """Have this generation end. False if it does not run here: then `process` has been told, if it can be."""

    @abstractmethod
    async def retitle(self, conversation_id: uuid.UUID, title: str, processes: Iterable[str] = ()) -> None:
        """Tell those who follow a reply in this conversation that it has another title, here and in `processes`."""

    @abstractmethod
    async def close(self) -> None:
        """The process is about to end: what is still to be told is told now, if that takes no time."""
