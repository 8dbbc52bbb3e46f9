"""The open streams of a process by whom they belong to, and how they are told."""

import asyncio
import contextvars
import threading
from contextlib import suppress
from functools import partial
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction

from chat import metrics
from chat.live.exchange import Note, exchange
from chat.live.hints.history import History
from chat.live.hints.pending import CONVERSATION, LIST, Hint
from chat.live.hints.stored import stored
from chat.live.hints.stream import HintStream
from chat.models.users import UserId

OF_SESSION = 3
"""Streams of one session: over HTTP/1.1 a browser has six connections to a host, and answers need theirs."""
OF_USER = 30
KEEP_ALIVE_SECONDS = 14.0
"""A pulse later at the most: no stream of the site is silent for more than 15 s."""
PULSE_SECONDS = 1.0


class Registry:
    """`tell` may be called from any thread; all else on the event loop of the streams."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._history = History()
        self._of: dict[UserId, list[HintStream]] = {}
        """Oldest first."""
        self._sent_at: dict[HintStream, float] = {}
        """In the order in which they are due."""
        self._pulse: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many streams are open."""
        return len(self._sent_at)

    @property
    def position(self) -> str:
        return self._history.position

    def tell(self, owner_id: UserId, hint: Hint) -> None:
        with self._lock:
            position = self._history.note(owner_id)
            for stream in self._of.get(owner_id, ()):
                stream.tell(hint, position)  # within the lock: in the order of positions

    def add(self, stream: HintStream, since: str) -> bool:
        """From now on it is told. Returns whether anything may have been missed `since`."""
        has_gap = not exchange.reaches_others and stored.listen(_hear, lambda: bool(self._sent_at))
        with self._lock:
            if has_gap:
                self._history.lose()
            streams = self._of.setdefault(stream.user_id, [])
            same = [each for each in streams if each.session == stream.session]
            too_many = {*_more_than(OF_SESSION, same), *_more_than(OF_USER, streams)}
            streams.append(stream)
            stream.position = self._history.position
            has_missed = self._history.has_missed(stream.user_id, since)
        for each in too_many:
            self.discard(each)
            each.close()
        self._keep_alive(stream)
        return has_missed

    def discard(self, stream: HintStream) -> None:
        """Safe to repeat."""
        self._sent_at.pop(stream, None)
        with self._lock:
            streams = self._of.get(stream.user_id, [])
            if stream in streams:
                streams.remove(stream)
            if not streams:
                self._of.pop(stream.user_id, None)

    def end_all(self) -> None:
        for stream in list(self._sent_at):
            stream.end()

    def _keep_alive(self, stream: HintStream) -> None:
        loop = asyncio.get_running_loop()
        self._sent_at[stream] = loop.time()
        if not self._pulse or self._pulse.done() or self._pulse.get_loop() is not loop:
            # In a context of its own: that of a request would keep the request's thread.
            self._pulse = loop.create_task(self._beat(), context=contextvars.Context())

    async def _beat(self) -> None:
        """One timer for all: those that came together are kept alive together, the others when it is their turn."""
        while self._sent_at:
            await asyncio.sleep(PULSE_SECONDS)
            now = asyncio.get_running_loop().time()
            for stream in self._due(now):
                del self._sent_at[stream]
                self._sent_at[stream] = now
                stream.wake()

    def _due(self, now: float) -> list[HintStream]:
        due = []
        for stream, sent_at in self._sent_at.items():
            if sent_at + KEEP_ALIVE_SECONDS > now:
                break
            due.append(stream)
        return due


NOTE = "hint"
"""The kind of notes that bear hints to other processes."""

registry = Registry()
"""The process's."""
metrics.hint_streams.set_function(lambda: len(registry))


def _more_than(limit: int, streams: list[HintStream]) -> list[HintStream]:
    """The oldest of them, which make room for one more."""
    return streams[: max(0, len(streams) + 1 - limit)]


def now() -> str:
    """The position: what a page that is about to be read is not behind of."""
    return registry.position


def open_to_others() -> None:
    """Other processes may be told, and heard, from now on. Safe to repeat; on the event loop."""
    exchange.open()
    stored.open()


def saw_others() -> None:
    """Other processes run on this database. From any thread."""
    stored.saw_others()


def list_changed(owner_id: UserId) -> None:
    """Once the transaction is committed, if any, as all of these. Where nobody listens it costs next to nothing."""
    _tell(owner_id, Hint(LIST))


def entry_changed(owner_id: UserId, conversation_id: UUID) -> None:
    """One entry of the list shows something else, or is gone."""
    _tell(owner_id, Hint(LIST, conversation_id))


def went_on(owner_id: UserId, conversation_id: UUID, message_id: UUID, generation_id: UUID) -> None:
    """An answer is being written in a conversation, which is first in the list now."""
    _tell(owner_id, Hint(CONVERSATION, conversation_id, message_id, generation_id))


def close() -> None:
    """The process is about to end: nobody is to wait for these streams, which come again elsewhere."""
    registry.end_all()


def _tell(owner_id: UserId, hint: Hint) -> None:
    transaction.on_commit(partial(_tell_everywhere, owner_id, hint))


def _tell_everywhere(owner_id: UserId, hint: Hint) -> None:
    registry.tell(owner_id, hint)
    tell_others = exchange.tell_all if exchange.reaches_others else stored.tell
    tell_others((NOTE, str(owner_id), *hint.words))


def _hear(note: Note) -> None:
    """Of another process. What it is not, is not for here."""
    with suppress(ValueError, ValidationError):
        kind, owner, *words = note
        if kind == NOTE:
            registry.tell(get_user_model()._meta.pk.to_python(owner), Hint.of(words))


exchange.hear_note = _hear
