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

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable

from chat.live.exchange.live_reply import LiveReply


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
