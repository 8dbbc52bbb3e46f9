"""Storing what a file brings: in short transactions, between which others write, and hidden until all of it is there.

SQLite has one writer, and PostgreSQL rows that others wait for; so no transaction has more than about STEP_ROWS, and
after each the writer is left to others for as long as it took. Until its end the conversations belong to an `Import`,
and to all others they are deleted (chat/models/imports.py).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from chat.attachments.inspection import Inspected
from chat.attachments.uploads import check_taken, clean_name, storage_taken, store
from chat.core.reply import Part
from chat.core.search_terms import indexed, joined
from chat.core.tool_parts import with_images
from chat.errors import ChatError, Conflict
from chat.i18n import gettext_noop as _
from chat.import_export.places import names_of, place_of
from chat.import_export.records import AttachmentHead, Beginning, MessageHead, Row, Run
from chat.models import (
    Conversation,
    Feedback,
    Generation,
    Import,
    Message,
    MessageAttachment,
    MessagePart,
    SearchEntry,
)
from chat.models.search_index import COLUMNS
from chat.models.sql import insert, insert_values, update_all
from chat.models.users import UserId
from chat.retention.imports import hidden_at

STEP_ROWS = 300
STEP_CHARACTERS = 500_000
LEAST_PAUSE = 0.01
"""Seconds. SQLite's writers who wait look again after a few milliseconds, and later ever more seldom."""

ENDED = _("This import has been ended. Nothing of it was kept.")


class Storing:
    """Takes the pieces of documents in their order (chat/import_export/records.py)."""

    def __init__(self, owner_id: UserId, import_id: UUID) -> None:
        self._owner_id, self._import_id = owner_id, import_id
        self._had, self._taken = storage_taken(owner_id), 0
        self._seen, self._used = set[UUID](), set[UUID]()
        self._rows: dict[type[models.Model], list[Any]] = {}
        self._currents = list[tuple[UUID, UUID]]()
        self._count = self._characters = 0
        self.conversations = self.messages = 0

    def begin(self, document: Beginning, ids: list[UUID]) -> bool:
        """One more conversation. False: it is there already. Raises TooLong."""
        self._place, is_there = place_of(self._owner_id, document.id)
        if is_there or document.id in self._seen or self._place in self._used:
            return False
        self._take_room(document.size)
        self._seen.add(document.id)
        self._used.add(self._place)
        self._names = names_of(self._place, self._place == document.id, ids, self._used)
        self._number, self._files = 0, list[tuple[UUID, str]]()
        self._images = dict[str, str]()  # what they are called here, by what they were called
        self._add(Conversation, self._conversation(document))
        self._add(SearchEntry, (self._place, self._owner_id, None, indexed(document.title)))
        if document.current is not None:
            self._currents.append((self._place, self._names[document.current]))
        self.conversations += 1
        return True

    def refuse(self, number: int, title: str, fault: ChatError, begun: Beginning | None = None) -> None:
        """It was found good before. Raises what is wrong with it."""
        raise fault

    def attach(self, head: AttachmentHead, found: Inspected) -> None:
        """A file of the conversation. It is large, so it has a transaction of its own. Raises TooLong."""
        self._take_room(len(found.data))
        self.step()
        with self._transaction():
            pk = self._stored(head, found)
            self._files.append((pk, clean_name(head.name)))
            self._images[str(head.id)] = str(pk)

    def add(self, head: MessageHead) -> None:
        """The next message of the conversation."""
        pk = self._names[self._number]
        self._number += 1
        self.messages += 1
        files = [self._files[number] for number in head.attachments]
        parent = None if head.parent is None else self._names[head.parent]
        self._add(
            Message,
            Message(
                pk=pk,
                conversation_id=self._place,
                parent_id=parent,
                role=head.role,
                number=self._number,
                created_at=head.created_at,
            ),
        )
        words = joined([head.words, *(indexed(name) for _, name in files)])
        self._add(SearchEntry, (self._place, self._owner_id, pk, words), len(words))
        if head.feedback:
            self._add(Feedback, Feedback(message_id=pk, **head.feedback))
        for number, (file, _name) in enumerate(files, 1):
            self._add(MessageAttachment, MessageAttachment(message_id=pk, attachment_id=file, number=number))
        self.add_more(head.rows, head.runs)

    def add_more(self, rows: list[Row], runs: list[Run]) -> None:
        """Of the message before."""
        pk = self._names[self._number - 1]
        for number, kind, text in rows:
            part = with_images(Part(kind, text), self._images)
            self._add(MessagePart, (pk, number, kind, part.text), len(part.text))
        for run in runs:
            known = {name: getattr(run, name) for name in Run.__slots__}
            known["ended_at"] = run.ended_at or timezone.now()
            self._add(Generation, Generation(message_id=pk, owner_id=self._owner_id, **known))
        if self._count >= STEP_ROWS or self._characters >= STEP_CHARACTERS:
            self.step()

    def step(self) -> None:
        """Store what has come."""
        if not self._count:
            return
        began = time.monotonic()
        with self._transaction():
            for model in ORDER:
                _insert(model, self._rows.get(model, []))
            # Of conversations whose messages are all here: those are stored before the message that is on show.
            self._set_currents()
        self._rows, self._count, self._characters = {}, 0, 0
        time.sleep(max(LEAST_PAUSE, time.monotonic() - began))

    def _set_currents(self) -> None:
        stored = {row.pk for row in self._rows.get(Message, [])}
        update_all(Conversation, "current_id", [pair for pair in self._currents if pair[1] in stored])
        self._currents = [pair for pair in self._currents if pair[1] not in stored]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A short one, with the import still under way. Raises Conflict if it is not, or an id is taken by now."""
        try:
            with transaction.atomic():
                going_on = Import.objects.running().filter(pk=self._import_id)
                if not going_on.update(stored=self.messages):
                    raise Conflict(ENDED)
                yield
        except IntegrityError as exc:
            raise Conflict from exc

    def _add(self, model: type[models.Model], row: Any, characters: int = 0) -> None:
        self._rows.setdefault(model, []).append(row)
        self._count += 1
        self._characters += characters

    def _take_room(self, size: int) -> None:
        self._taken += size
        check_taken(self._had, self._taken)

    def _stored(self, head: AttachmentHead, found: Inspected) -> UUID:
        """By its own id; where that is taken by one that follows from it, or by any."""
        besides = {"conversation_id": self._place, "created_at": head.created_at}
        for pk in (head.id, uuid5(self._place, str(head.id))):
            with suppress(IntegrityError), transaction.atomic():
                return store(self._owner_id, pk, head.name, found, **besides).pk
        return store(self._owner_id, uuid4(), head.name, found, **besides).pk

    def _conversation(self, document: Beginning) -> Conversation:
        return Conversation(
            pk=self._place,
            owner_id=self._owner_id,
            title=document.title,
            titled_by=document.titled_by,
            created_at=document.created_at,
            updated_at=document.updated_at,
            importing_id=self._import_id,
            imported_bytes=document.size,
            **document.options,
            **hidden_at(),
        )


ORDER: tuple[type[models.Model], ...] = (
    Conversation,
    Message,
    MessagePart,
    SearchEntry,
    Generation,
    Feedback,
    MessageAttachment,
)
VALUES = {MessagePart: ("message_id", "number", "kind", "text"), SearchEntry: COLUMNS}
"""Tables whose rows are nothing but their values."""


def _insert(model: type[models.Model], rows: list[Any]) -> None:
    if names := VALUES.get(model):
        insert_values(model, names, rows)
    else:
        insert(rows)
