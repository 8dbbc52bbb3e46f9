"""Importing a file: first what would come, then all of it or nothing. Both have its attachments inspected."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from uuid import UUID

from django.db import transaction

from chat.attachments import sandbox
from chat.attachments.uploads import check_storage
from chat.conf import settings
from chat.import_export.attachments import ImportedFiles, Inspect, inspected
from chat.import_export.database import Names, arrange, places, restore_all
from chat.import_export.document import SavedConversation
from chat.import_export.file_reader import documents
from chat.models.locks import lock_owner
from chat.models.users import UserId

TITLES = 5
BATCH = 100
"""Conversations that are stored together, unless they have as many messages as BATCH_MESSAGES."""
BATCH_MESSAGES = 500
BATCH_BYTES = 20_000_000
"""Of attachments, likewise."""


@dataclass(slots=True)
class Preview:
    """What a file brings: how much is new, how many of its conversations are there already, the first titles."""

    digest: str
    conversations: int = 0
    messages: int = 0
    attachments: int = 0
    known: int = 0
    titles: list[str] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many are new beyond those whose titles are here."""
        return self.conversations - len(self.titles)

    def add(self, document: SavedConversation, *, is_new: bool) -> None:
        if not is_new:
            self.known += 1
            return
        self.conversations += 1
        self.messages += len(document.messages)
        self.attachments += len(document.attachments)
        if len(self.titles) < TITLES:
            self.titles.append(document.title)


def preview(owner_id: UserId, file: IO[bytes], name: str, inspect: Inspect = sandbox.inspect_blocking) -> Preview:
    """Reads all of the file and stores nothing. Raises BadInput or TooLong, which say what is wrong and where."""
    found, size = Preview(_digest(file)), 0
    for document, place in _placed(owner_id, file, name):
        found.add(document, is_new=place is not None)
        for _attachment, inspection in inspected(document, inspect) if place else ():
            size += len(inspection.data)
            check_storage(owner_id, size)
    return found


def import_file(owner_id: UserId, file: IO[bytes], name: str, inspect: Inspect = sandbox.inspect_blocking) -> Preview:
    """Stores all that is new in the file; nothing if anything in it is wrong, with the error of `preview`."""
    imported_files = ImportedFiles(owner_id, inspect)
    try:
        for document, place in _placed(owner_id, file, name):
            if place:
                imported_files.store(document, place)
        return _store(owner_id, file, name, imported_files.names)
    finally:
        imported_files.erase_rest()


@transaction.atomic
def _store(owner_id: UserId, file: IO[bytes], name: str, attachments: Names) -> Preview:
    found = Preview(_digest(file))
    lock_owner(owner_id)  # a yes that is given twice stores all once, and says so
    for batch in _batches(file, name):
        for document, is_new in zip(batch, restore_all(owner_id, batch, attachments), strict=True):
            found.add(document, is_new=is_new)
    arrange(owner_id)
    return found


def _placed(owner_id: UserId, file: IO[bytes], name: str) -> Iterator[tuple[SavedConversation, UUID | None]]:
    """The file's conversations, each with the id that it would have here; None: it is there already."""
    seen = set[UUID]()
    for batch in _batches(file, name):
        for document, (pk, is_there) in zip(batch, places(owner_id, batch), strict=True):
            yield document, None if is_there or pk in seen else pk
            seen.add(pk)


def _batches(file: IO[bytes], name: str) -> Iterator[list[SavedConversation]]:
    """The file's conversations, a few at a time: each statement costs, and so does what is in memory."""
    file.seek(0)
    batch, messages, size = list[SavedConversation](), 0, 0
    for document in documents(file, name, settings.CHAT_IMPORT_BYTES):
        batch.append(document)
        messages += len(document.messages)
        size += sum(len(attachment.data) for attachment in document.attachments)
        if len(batch) == BATCH or messages >= BATCH_MESSAGES or size >= BATCH_BYTES:
            yield batch
            batch, messages, size = [], 0, 0
    yield batch


def _digest(file: IO[bytes]) -> str:
    """By which a file that was examined is known again."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()
