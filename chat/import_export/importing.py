"""Importing a file: first what would come, then all of it or nothing. Both have its attachments inspected."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import IO, Protocol, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction

from chat.attachments import sandbox
from chat.attachments.inspection import Inspected, Limits
from chat.attachments.uploads import check_size, check_taken, clean_name, limits, storage_taken
from chat.conf import settings
from chat.errors import BadInput, ChatError, Conflict, Forbidden, TooLong, Unsupported
from chat.i18n import Say
from chat.i18n import gettext_noop as _
from chat.import_export.places import place_of, show
from chat.import_export.reading import TOO_HARD, Read, read
from chat.import_export.records import AttachmentHead, Beginning, Data, Ids, MessageHead, More, Record, Row, Run
from chat.import_export.storing import ENDED, Storing
from chat.models import Import
from chat.models.locks import lock_owner
from chat.models.sql import database_time
from chat.models.users import UserId
from chat.retention.imports import end_dead_imports, end_import

TITLES = 5
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

    def attach(self, head: AttachmentHead, found: Inspected) -> None:
        """A file of it."""

    def add(self, head: MessageHead) -> None:
        """Its next message."""

    def add_more(self, rows: list[Row], runs: list[Run]) -> None:
        """More of that message."""


@dataclass(slots=True)
class Preview:
    """What a file brings: how much is new, how many of its conversations are there already, the first titles."""

    owner_id: UserId
    digest: str
    conversations: int = 0
    messages: int = 0
    attachments: int = 0
    known: int = 0
    titles: list[str] = field(default_factory=list)
    _taken: int = 0
    _seen: set[UUID] = field(default_factory=set)

    @property
    def more(self) -> int:
        """How many are new beyond those whose titles are here."""
        return self.conversations - len(self.titles)

    def begin(self, document: Beginning, ids: list[UUID]) -> bool:
        place, is_there = place_of(self.owner_id, document.id)
        if is_there or place in self._seen:
            self.known += 1
            return False
        self._seen.add(place)
        self._take_room(document.size)
        self.conversations += 1
        if len(self.titles) < TITLES:
            self.titles.append(document.title)
        return True

    def attach(self, head: AttachmentHead, found: Inspected) -> None:
        self._take_room(len(found.data))
        self.attachments += 1

    def add(self, head: MessageHead) -> None:
        self.messages += 1

    def add_more(self, rows: list[Row], runs: list[Run]) -> None:
        """Counted with their message."""

    def _take_room(self, size: int) -> None:
        self._taken = (self._taken or storage_taken(self.owner_id)) + size
        check_taken(self._taken)


def preview(
    owner_id: UserId, file: IO[bytes], name: str, inspect: Inspect = sandbox.inspect_blocking, read: Read = read
) -> Preview:
    """Reads all of the file and stores nothing. Raises BadInput or TooLong, which say what is wrong and where."""
    found = Preview(owner_id, digest_of(file))
    _take(found, file, name, inspect, read)
    return found


def begin_import(owner_id: UserId, messages: int = 0) -> Import:
    """One that will store so many messages. Raises Conflict while another one is under way."""
    end_dead_imports(owner_id)
    try:
        with transaction.atomic():
            begun: Import = Import.objects.create(owner_id=owner_id, messages=messages, renewed_at=database_time())
            return begun
    except IntegrityError as exc:
        raise Conflict(_("Another import of yours is under way. Wait until it is done.")) from exc


def import_file(
    begun: Import, file: IO[bytes], name: str, inspect: Inspect = sandbox.inspect_blocking, read: Read = read
) -> int:
    """Stores all that is new in the file, and says how many conversations that is.

    Nothing stays if anything in it is wrong, with the error of `preview`, or if it is ended meanwhile.
    """
    code = "error"
    try:
        storing = Storing(begun.owner_id, begun.pk)
        _take(storing, file, name, inspect, read)
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
    return conversations


def _take(taker: Taker, file: IO[bytes], name: str, inspect: Inspect, read: Read) -> None:
    """Hand over what is read of a file, and what is found in the files of it."""
    document, is_wanted = None, False
    with closing(read(file, name, settings.CHAT_IMPORT_BYTES)) as records:
        for record in records:
            if isinstance(record, Beginning):
                document, is_wanted = record, taker.begin(record, _ids(record, records))
            elif isinstance(record, AttachmentHead):
                with _received(record, records) as data:
                    if is_wanted and document:
                        taker.attach(record, _inspected(record, document, data, inspect))
            elif is_wanted and isinstance(record, MessageHead):
                taker.add(record)
            elif is_wanted and isinstance(record, More):
                taker.add_more(record.rows, record.runs)


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
