"""The exchange of many processes, over a bus that may lose, double and delay what is sent on it.

What a message says is believed as far as the database says nothing else: whose a reply is, whether it runs and where,
and how it has ended, is read there, and so is whether somebody wants it stopped.
"""

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from chat.core.reply import Part
from chat.live.exchange import messages
from chat.live.exchange.audience import Audience
from chat.live.exchange.base import Exchange, Note
from chat.live.exchange.bus import ALL, Bus
from chat.live.exchange.live_reply import LiveReply
from chat.live.exchange.messages import Message, News, Unreadable, Wish
from chat.live.exchange.mirrors import Mirrors
from chat.live.exchange.tick import AT_ONCE

logger = logging.getLogger(__name__)

MOST_HEARD = 20_000
"""News that wait to be passed on. Of more all are dropped, and those who follow read the database."""
NOTE_SECONDS = 0.05
"""How long a note waits for others."""
COMPLAIN_SECONDS = 60.0
"""How rarely it is said that a message cannot be read."""


@dataclass
class Own:
    """What this process writes."""

    live: LiveReply
    stop: Callable[[], None]
    check: Callable[[], None]


class SharedExchange(Exchange):
    reaches_others = True

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._own: dict[uuid.UUID, Own] = {}
        self._audience = Audience(self._tell)
        self._mirrors = Mirrors(self._ask)
        self._heard: deque[tuple[str, News]] = deque()
        self._complained_at = -COMPLAIN_SECONDS
        self._loop: asyncio.AbstractEventLoop | None = None
        self._notes: dict[Note, None] = {}
        """That are to be told, each once."""

    @property
    def name(self) -> str:
        return self._bus.name

    def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._bus.start(self._hear, self._lost)

    def tell_all(self, note: Note) -> None:
        if self._loop and self._bus.is_up:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._note, note)

    async def publish(
        self,
        generation_id: uuid.UUID,
        live: LiveReply,
        stop: Callable[[], None],
        check: Callable[[], None] | None = None,
    ) -> None:
        self._bus.start(self._hear, self._lost)
        self._own[generation_id] = Own(live, stop, check or stop)
        self._audience.add(generation_id.hex, live)

    async def withdraw(self, generation_id: uuid.UUID) -> None:
        self._own.pop(generation_id, None)
        self._audience.discard(generation_id.hex)

    async def find(self, generation_id: uuid.UUID) -> LiveReply | None:
        own = self._own.get(generation_id)
        return own.live if own else self._mirrors.find(generation_id.hex)

    def mirror(
        self, generation_id: uuid.UUID, process: str, conversation_id: uuid.UUID, stored: Iterable[Part]
    ) -> LiveReply | None:
        self._bus.start(self._hear, self._lost)
        if not self._bus.is_up or process in ("", self.name):
            return None
        return self._mirrors.begin(generation_id.hex, process, conversation_id, stored)

    async def stop(self, generation_id: uuid.UUID, process: str = "") -> bool:
        if own := self._own.get(generation_id):
            own.stop()
            return True
        self._send(process, messages.STOP, [[generation_id.hex]])
        return False

    async def retitle(self, conversation_id: uuid.UUID, title: str, processes: Iterable[str] = ()) -> None:
        self._retitle(conversation_id, title)
        for process in processes:
            self._send(process, messages.TITLE, [[conversation_id.hex, title]])

    async def close(self) -> None:
        self._audience.close()
        await self._bus.close()
        self._mirrors.close()
        self._own.clear()

    def _retitle(self, conversation_id: uuid.UUID, title: str) -> None:
        for own in list(self._own.values()):
            if own.live.conversation_id == conversation_id:
                own.live.retitle(title)

    # What is sent

    def _tell(self, process: str, news: list[News]) -> None:
        self._bus.send(process, messages.encoded_news(self.name, news))

    def _ask(self, process: str, wishes: list[Wish]) -> None:
        self._send(process, messages.ASK, wishes)

    def _send(self, process: str, kind: str, entries: Iterable[list[str] | Wish | Note]) -> None:
        self._bus.start(self._hear, self._lost)
        if process not in ("", self.name):
            self._bus.send(process, messages.encoded(self.name, kind, entries))

    def _note(self, note: Note) -> None:
        """It is told together with what else there is to tell by then."""
        if not self._notes:
            asyncio.get_running_loop().call_later(NOTE_SECONDS, self._tell_notes)
        self._notes[note] = None

    def _tell_notes(self) -> None:
        notes, self._notes = self._notes, {}
        self._send(ALL, messages.NOTE, notes)

    # What is heard

    def _hear(self, data: bytes) -> None:
        try:
            message = messages.decoded(data)
            if message.sender != self.name:
                self._take(message)
        except messages.OtherVersion:
            self._complain("A process of another version of the site was heard, which is not understood here")
        except Unreadable:
            self._complain("Something was heard that no process of the site can have said")

    def _take(self, message: Message) -> None:
        """Raises Unreadable."""
        match message.kind:
            case messages.NEWS:
                news = [messages.read_news(entry) for entry in message.entries]
                self._take_news([(message.sender, one) for one in news])
            case messages.ASK:
                self._audience.ask(message.sender, [messages.read_wish(entry) for entry in message.entries])
            case messages.STOP:
                for generation_id in [messages.read_id(entry) for entry in message.entries]:
                    if own := self._own.get(generation_id):
                        own.check()
            case messages.TITLE:
                for conversation_id, title in [messages.read_title(entry) for entry in message.entries]:
                    self._retitle(conversation_id, title)
            case messages.NOTE:
                for note in [messages.read_note(entry) for entry in message.entries]:
                    if self.hear_note:
                        self.hear_note(note)

    def _take_news(self, news: list[tuple[str, News]]) -> None:
        is_behind = bool(self._heard)
        self._heard.extend(news)
        if len(self._heard) > MOST_HEARD:
            self._lost()
        elif not is_behind:
            self._pass_on()

    def _pass_on(self) -> None:
        """Some in each turn of the event loop, so that requests need not wait for all."""
        for _ in range(min(AT_ONCE, len(self._heard))):
            self._mirrors.hear(*self._heard.popleft())
        if self._heard:
            asyncio.get_running_loop().call_soon(self._pass_on)

    def _lost(self) -> None:
        self._heard.clear()
        self._mirrors.throw_all_away()

    def _complain(self, sentence: str) -> None:
        now = time.monotonic()
        if now - self._complained_at >= COMPLAIN_SECONDS:
            self._complained_at = now
            logger.warning("%s; answers of other processes may come from the database", sentence)
