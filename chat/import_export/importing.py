"""Importing a file: first what would come and what would not, then all that would, or nothing.

Both have its attachments inspected. A conversation comes whole or not at all: one that cannot be read, or has a file
that cannot be attached, is refused alone, and named before anybody says yes. What is found only afterwards ends the
import.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import IO, Protocol, TypeVar
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from chat.attachments import sandbox
from chat.attachments.inspection import Inspected, Limits
from chat.attachments.uploads import check_size, check_taken, clean_name, limits, storage_taken
from chat.conf import settings
from chat.errors import BadInput, ChatError, Conflict, Forbidden, TooLong, Unsupported
from chat.i18n import Say
from chat.i18n import gettext_noop as _
from chat.import_export.file_reader import BadFile
from chat.import_export.places import place_of, show
from chat.import_export.reading import TOO_HARD, Read, read
from chat.import_export.records import (
    AttachmentHead,
    Beginning,
    Data,
    Ids,
    MessageHead,
    More,
    Record,
    Refused,
    Row,
    Run,
    fault_from,
)
from chat.import_export.storing import ENDED, Storing
from chat.live import hints
from chat.models import Import
from chat.models.locks import lock_owner
from chat.models.sql import database_time
from chat.models.users import UserId
from chat.retention.imports import end_dead_imports, end_import

TITLES = 5
MOST_REFUSALS = 20
"""That are told one by one."""
AnyRecord = TypeVar("AnyRecord", bound=Record)
Inspect = Callable[[IO[bytes], Limits], Inspected]
"""Says what a file is. Raises Unsupported or TooLong."""


class BadAttachment(BadInput):
    """A file of a conversation cannot be taken, and which it is."""

    sentence = _("%(name)s, attached in “%(title)s”: %(fault)s")

    def __init__(self, name: str, title: str, fault: ChatError) -> None:
        self._name, self._title, self._fault = name, title, fault
        super().__init__()

    def said(self, say: Say) -> str:
        return say(self.sentence, {"name": self._name, "title": self._title, "fault": self._fault.said(say)})


class Taker(Protocol):
    """Takes the pieces of documents in their order."""

    def begin(self, document: Beginning, ids: list[UUID]) -> bool:
        """Does it want this conversation? If not, it gets no more of it."""

    def refuse(self, number: int, title: str, fault: ChatError, begun: Beginning | None = None) -> None:
        """The conversation with this number in the file does not come, though it may have begun."""

    def attach(self, head: AttachmentHead, found: Inspected) -> None:
        """A file of it."""

    def add(self, head: MessageHead) -> None:
        """Its next message."""

    def add_more(self, rows: list[Row], runs: list[Run]) -> None:
        """More of that message."""


@dataclass(frozen=True, slots=True)
class Refusal:
    title: str
    fault: ChatError


@dataclass(slots=True)
class Preview:
    """What a file brings: how much is new, how many of its conversations are there already, the first titles, and
    which cannot come.
    """

    owner_id: UserId
    digest: str
    """By which a yes is known to be one to this file and these findings."""
    conversations: int = 0
    messages: int = 0
    attachments: int = 0
    known: int = 0
    titles: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    """The first of them."""
    refused: set[int] = field(default_factory=set)
    """The numbers of all of them in the file."""
    _taken: int = 0
    """Bytes of what is new in the file."""
    _had: int | None = None
    """Bytes that its owner has here already."""
    _seen: set[UUID] = field(default_factory=set)
    _before: tuple[int, int, int, int] = (0, 0, 0, 0)
    """What was counted before the conversation that has begun."""

    @property
    def more(self) -> int:
        """How many are new beyond those whose titles are here."""
        return self.conversations - len(self.titles)

    @property
    def more_refused(self) -> int:
        return len(self.refused) - len(self.refusals)

    def begin(self, document: Beginning, ids: list[UUID]) -> bool:
        _place, is_there = place_of(self.owner_id, document.id)
        if is_there or document.id in self._seen:
            self.known += 1
            return False
        self._before = (self.conversations, self.messages, self.attachments, self._taken)
        self._seen.add(document.id)
        self._take_room(document.size)
        self.conversations += 1
        if len(self.titles) < TITLES:
            self.titles.append(document.title)
        return True

    def refuse(self, number: int, title: str, fault: ChatError, begun: Beginning | None = None) -> None:
        self.refused.add(number)
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals.append(Refusal(title, fault))
        if begun:
            self._take_back(begun)

    def _take_back(self, document: Beginning) -> None:
        self.conversations, self.messages, self.attachments, self._taken = self._before
        del self.titles[self.conversations :]
        self._seen.discard(document.id)

    def attach(self, head: AttachmentHead, found: Inspected) -> None:
        self._take_room(len(found.data))
        self.attachments += 1

    def add(self, head: MessageHead) -> None:
        self.messages += 1

    def add_more(self, rows: list[Row], runs: list[Run]) -> None:
        """Counted with their message."""

    def _take_room(self, size: int) -> None:
        if self._had is None:
            self._had = storage_taken(self.owner_id)
        self._taken += size
        check_taken(self._had, self._taken)


def preview(
    owner_id: UserId, file: IO[bytes], name: str, inspect: Inspect = sandbox.inspect_blocking, read: Read = read
) -> Preview:
    """Reads all of the file and stores nothing.

    Raises BadInput or TooLong if nothing of it can come, which say what is wrong and where.
    """
    found = Preview(owner_id, digest_of(file))
    _take(found, file, name, inspect, read)
    if found.refused and not found.conversations and not found.known:
        raise found.refusals[0].fault
    found.digest = _digest_with(found.digest, found.refused)
    return found


def _digest_with(digest: str, refused: set[int]) -> str:
    if not refused:
        return digest
    return hashlib.sha256(json.dumps([digest, sorted(refused)]).encode()).hexdigest()


def begin_import(owner_id: UserId, messages: int = 0, pk: UUID | None = None) -> Import:
    """One that will store so many messages. Raises Conflict while one is under way, or if there is one of this id."""
    end_dead_imports(owner_id)
    try:
        with transaction.atomic():
            begun: Import = Import.objects.create(
                pk=pk or uuid4(), owner_id=owner_id, messages=messages, renewed_at=database_time()
            )
            return begun
    except IntegrityError as exc:
        raise Conflict(_("Another import of yours is under way. Wait until it is done.")) from exc


def import_file(
    begun: Import,
    file: IO[bytes],
    name: str,
    inspect: Inspect = sandbox.inspect_blocking,
    read: Read = read,
    without: Collection[int] = (),
) -> int:
    """Stores all that is new in the file, and says how many conversations that is.

    `without`: the numbers of those that `preview` has refused. Nothing stays if anything else in it is wrong, with the
    fault that is found, or if it is ended meanwhile.
    """
    code = "error"
    try:
        storing = Storing(begun.owner_id, begun.pk)
        _take(storing, file, name, inspect, read, without)
        storing.step()
        return _finish(begun, storing.conversations)
    except ChatError as error:
        code = error.code
        raise
    finally:
        end_import(begun.pk, code)  # unless it is done


@transaction.atomic
def _finish(begun: Import, conversations: int) -> int:
    """All that was stored is still there, or nothing is shown."""
    lock_owner(begun.owner_id)
    going_on = Import.objects.running().filter(pk=begun.pk)
    if not going_on.update(status=Import.Status.DONE, conversations=conversations):
        raise Conflict(ENDED)
    if show(begun.owner_id, begun.pk) != conversations:
        raise Conflict(ENDED)
    hints.list_changed(begun.owner_id)
    return conversations


def _take(
    taker: Taker, file: IO[bytes], name: str, inspect: Inspect, read: Read, without: Collection[int] = ()
) -> None:
    """Hand over what is read of a file, and what is found in the files of it."""
    number, document = 0, None
    with closing(read(file, name, settings.CHAT_IMPORT_BYTES)) as records:
        for record in records:
            if isinstance(record, Refused):
                number, document = number + 1, None
                if number not in without:
                    taker.refuse(number, record.title, _located(record))
            elif isinstance(record, Beginning):
                number, ids = number + 1, _ids(record, records)
                document = record if number not in without and taker.begin(record, ids) else None
                if document and (fault := _fault_in(document)):
                    taker.refuse(number, document.title, fault, document)
                    document = None
            elif isinstance(record, AttachmentHead):
                with _received(record, records) as data:
                    if document and not _attached(taker, record, document, data, inspect, number):
                        document = None
            elif document and isinstance(record, MessageHead):
                taker.add(record)
            elif document and isinstance(record, More):
                taker.add_more(record.rows, record.runs)


def _attached(
    taker: Taker, head: AttachmentHead, document: Beginning, data: IO[bytes], inspect: Inspect, number: int
) -> bool:
    """False: it cannot be, so that its conversation does not come."""
    try:
        found = _inspected(head, document, data, inspect)
    except BadAttachment as fault:
        taker.refuse(number, document.title, fault, document)
        return False
    taker.attach(head, found)
    return True


def _located(refused: Refused) -> BadFile:
    return BadFile(refused.file, refused.number, fault_from(refused.fault))


def _fault_in(document: Beginning) -> TooLong | None:
    """What this site would not have taken, whatever another one did."""
    bounds = (
        (
            len(document.options["system_prompt"]),
            settings.CHAT_INPUT_CHARS,
            _("Its system prompt has %(count)s characters; %(limit)s are allowed."),
        ),
        (
            document.attached,
            settings.CHAT_ATTACHMENTS_PER_MESSAGE,
            _("A message of it bears %(count)s files; %(limit)s are allowed."),
        ),
    )
    for count, limit, sentence in bounds:
        if limit and count > limit:
            return TooLong(sentence, values={"count": count, "limit": limit})
    return None


def _ids(document: Beginning, records: Iterator[Record]) -> list[UUID]:
    ids = list[UUID]()
    while len(ids) < document.messages:
        ids += _next(records, Ids).ids
    return ids


@contextmanager
def _received(head: AttachmentHead, records: Iterator[Record]) -> Iterator[IO[bytes]]:
    """The bytes of a file, in a file: an inspection takes no others."""
    with tempfile.TemporaryFile() as file:
        while file.tell() < head.size:
            file.write(_next(records, Data).data)
        file.seek(0)
        yield file


def _next(records: Iterator[Record], kind: type[AnyRecord]) -> AnyRecord:
    record = next(records, None)
    if not isinstance(record, kind):
        raise BadInput(TOO_HARD)
    return record


def _inspected(head: AttachmentHead, document: Beginning, data: IO[bytes], inspect: Inspect) -> Inspected:
    """What is found in a file. Raises BadAttachment."""
    try:
        if not settings.CHAT_ATTACHMENTS:
            raise Forbidden(_("No files can be attached on this site."))
        check_size(head.size)
        return inspect(data, limits())
    except (Forbidden, TooLong, Unsupported) as fault:
        raise BadAttachment(clean_name(head.name), document.title, fault) from fault


def digest_of(file: IO[bytes]) -> str:
    """By which a file that was examined is known again."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()
