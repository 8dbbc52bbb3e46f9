"""Importing a file: first what would come, then all of it or nothing."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import transaction

from chat.archive.document import SavedConversation
from chat.archive.reading import documents
from chat.archive.rows import are_stored, arrange, restore_all

TITLES = 5
BATCH = 100
"""Conversations that are stored together, unless they have more than BATCH_MESSAGES messages."""
BATCH_MESSAGES = 500


@dataclass(slots=True)
class Findings:
    """What a file brings: how much is new, how many of its conversations are there already, the first titles."""

    digest: str
    conversations: int = 0
    messages: int = 0
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
        if len(self.titles) < TITLES:
            self.titles.append(document.title)


def examine(owner_id: int, file: IO[bytes], name: str) -> Findings:
    """Reads all of the file and stores nothing. Raises BadInput or TooLong, which say what is wrong and where."""
    findings, seen = Findings(_digest(file)), set[UUID]()
    for batch in _batches(file, name):
        for document, is_there in zip(batch, are_stored(owner_id, batch), strict=True):
            findings.add(document, is_new=document.id not in seen and not is_there)
            seen.add(document.id)
    return findings


@transaction.atomic
def take_in(owner_id: int, file: IO[bytes], name: str) -> Findings:
    """Stores all that is new in the file; nothing if anything in it is wrong, with the error of `examine`."""
    findings = Findings(_digest(file))
    for batch in _batches(file, name):
        for document, is_new in zip(batch, restore_all(owner_id, batch), strict=True):
            findings.add(document, is_new=is_new)
    arrange(owner_id)
    return findings


def _batches(file: IO[bytes], name: str) -> Iterator[list[SavedConversation]]:
    """The file's conversations, a few at a time: each statement costs, and so does what is in memory."""
    file.seek(0)
    batch, messages = list[SavedConversation](), 0
    for document in documents(file, name, settings.CHAT_IMPORT_BYTES):
        batch.append(document)
        messages += len(document.messages)
        if len(batch) == BATCH or messages >= BATCH_MESSAGES:
            yield batch
            batch, messages = [], 0
    yield batch


def _digest(file: IO[bytes]) -> str:
    """By which a file that was examined is known again."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()
