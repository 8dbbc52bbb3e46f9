"""The messages of a page, by their rows: each is made when somebody looks at it.

What was made of all of them before (chat/templatetags/fragments.py) is found by their rows. So a page that shows again
what it has shown makes none of them but the last, which the next question follows.
"""

from __future__ import annotations

import uuid
from collections.abc import Hashable, Iterator, Sequence
from functools import cache, cached_property
from operator import itemgetter
from typing import Any, NamedTuple, overload

from django.db.models import prefetch_related_objects

from chat.core.endings import Status
from chat.models.attachment import MessageAttachment
from chat.models.branches import Spots
from chat.models.feedback import Feedback
from chat.models.generation import Generation
from chat.models.message import MOST_GENERATIONS, Message, Unread
from chat.models.sql import made, made_with, place_of, prepared, read_id, select_rows, select_rows_with

FEEDBACK = "chat_feedback.message_id = chat_message.id"
FILES = "EXISTS(SELECT 1 FROM chat_messageattachment WHERE message_id = chat_message.id)"
LAST = "(SELECT MAX(number) FROM chat_generation other WHERE other.message_id = chat_generation.message_id)"

Row = tuple[Any, ...]


class LastRun(NamedTuple):
    """The latest generation of a message, as far as what follows it asks for that."""

    pk: uuid.UUID
    is_running: bool
    provider: str
    model: str
    model_title: str


class Last(NamedTuple):
    """What the next question follows, without its words."""

    pk: uuid.UUID
    generation: LastRun | None


class PageMessages(Sequence[Message]):
    """These of a path, in its order, with their feedback, their generations and, by `spots`, their places.

    None has more than `most` characters, nor more generations than can be looked at. Texts are read when one is asked
    for. All of it without the ORM, for each page asks for them.
    """

    def __init__(self, path: Sequence[uuid.UUID] = (), most: int = 0, spots: Spots | None = None) -> None:
        keys = [prepared(Message, "id", pk) for pk in path]
        self._rows, self._runs = (_rows(keys), _runs(keys)) if keys else ({}, {})
        known = [(key, pk) for key, pk in zip(keys, path, strict=True) if key in self._rows]
        self._keys = [key for key, _pk in known]
        self._spot_rows = [spots and spots.row(pk) for _key, pk in known]
        self._spots = spots
        self._last = known[-1][1] if known else None
        self._made: dict[Any, Message] = {}
        self._most = most
        if self._has_files:
            with_files = [message for message in self if message.has_attachments]
            prefetch_related_objects(with_files, MessageAttachment.for_messages())

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> list[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | list[Message]:
        found = self._keys[index]
        return [self._message(key) for key in found] if isinstance(index, slice) else self._message(found)

    def __iter__(self) -> Iterator[Message]:
        return map(self._message, self._keys)

    @cached_property
    def is_running(self) -> bool:
        """Is one of them being written?"""
        status = place_of(Generation, "status")
        if not any(row[status] == Status.RUNNING for runs in self._runs.values() for row in runs):
            return False
        return any(message.generation and message.generation.is_running for message in self)

    @property
    def last(self) -> Last | None:
        """Of its row alone: to make the message takes as long as to look at all others."""
        if not self._last:
            return None
        runs = self._runs.get(self._keys[-1])
        return Last(self._last, _run(runs[-1]) if runs else None)

    @cached_property
    def _unread(self) -> Unread:
        """Not before one is made: they refer to each other."""
        return Unread(self, self._most)

    @property
    def version(self) -> Hashable:
        """Another one when anything has changed that they are made of, or of their files."""
        rows = [(self._rows[key], *self._runs.get(key, ())) for key in self._keys]
        files = [message.version for message in self] if self._has_files else []
        return *rows, *self._spot_rows, *files

    @property
    def _has_files(self) -> bool:
        return any(row[-1] for row in self._rows.values())

    def _message(self, key: Any) -> Message:
        if key not in self._made:
            self._made[key] = message = self._make(key)
            if self._spots and (spot := self._spots.get(message.pk)):
                message.place, message.is_leaf, message.size = spot.place, spot.is_leaf, spot.size
        return self._made[key]

    def _make(self, key: Any) -> Message:
        message, opinion, has_files = made_with(Message, Feedback, self._rows[key])
        message.has_attachments = bool(has_files)
        message.know(opinion)
        message._unread = self._unread
        for row in self._runs.get(key, ()):
            message.ran(made(Generation, row))
        return message


def _rows(keys: list[Any]) -> dict[Any, Row]:
    """Each with its feedback, and with whether it bears files; by its id as stored."""
    found = select_rows_with(Message, Feedback, FEEDBACK, FILES, f"chat_message.id {_among(keys)}", *keys)
    place = place_of(Message, "id")
    return {row[place]: row for row in found}


def _runs(keys: list[Any]) -> dict[Any, list[Row]]:
    """Their last generations, oldest first, by the id of the message as stored."""
    last = f"message_id {_among(keys)} AND number > {LAST} - %s ORDER BY number"
    place = place_of(Generation, "message_id")
    runs: dict[Any, list[Row]] = {}
    for row in select_rows(Generation, last, *keys, MOST_GENERATIONS):
        runs.setdefault(row[place], []).append(row)
    return runs


def _run(row: Row) -> LastRun:
    pk, status, provider, model, label = itemgetter(*_places())(row)
    return LastRun(read_id(pk), status == Status.RUNNING, provider, model, label or model)


@cache
def _places() -> list[int]:
    return [place_of(Generation, name) for name in ("id", "status", "provider", "model", "label")]


def _among(keys: list[Any]) -> str:
    return f"IN ({', '.join(['%s'] * len(keys))})"
