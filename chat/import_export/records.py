"""Documents in bounded pieces: what the process that reads a file tells the site, which stores each as it comes. Pure.

A document is `Refused`, where it cannot be read, or a `Beginning`, its `Ids`, its attachments (each an
`AttachmentHead` and `Data`) and its messages in order (each a `MessageHead`, and `More` if it is long). Messages and
attachments refer to each other by number, from 0 on: what they will be called here is known to the site alone.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import zip_longest
from typing import Any, TypeAlias
from uuid import UUID

from chat.core.batches import batches
from chat.core.endings import Status
from chat.core.reply import Mark, Reply
from chat.core.search_terms import indexed
from chat.core.tool_parts import Outcome, Result, pending, unfinished, written
from chat.core.tree import MessageTree
from chat.errors import BadInput, TooLong
from chat.import_export.document import SavedConversation, SavedGeneration, SavedMessage

KEPT = ("is_pinned", "is_archived", "system_prompt", "temperature", "max_tokens", "model", "provider")
"""What a conversation and its document both call by these names."""
ENDED_BY_IMPORT = {Status.RUNNING: Status.INTERRUPTED, Status.WAITING: Status.STOPPED}
NEVER_RUN = "[This was called where the conversation comes from, and is not run here.]"
ROW_BYTES = 100
"""That a row counts in its owner's storage, besides its text."""
IDS = 1_000
ROWS = 16
"""Of a message in one record, and of the generations that wrote it."""
ROW_CHARACTERS = 65_536
"""Of these together, unless it is one."""
DATA = 1 << 20


@dataclass(frozen=True, slots=True)
class Beginning:
    id: UUID
    title: str
    titled_by: str
    created_at: datetime
    updated_at: datetime
    current: int | None
    options: dict[str, Any]
    """What is KEPT."""
    messages: int
    attachments: int
    attached: int
    """At most, to one message."""
    size: int
    """Bytes of all its texts, and some for each of its rows."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Of the messages that come, in their order."""

    ids: list[UUID]


@dataclass(frozen=True, slots=True)
class AttachmentHead:
    id: UUID
    name: str
    created_at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Data:
    """Of the attachment before."""

    data: bytes


Row: TypeAlias = tuple[int, str, str]
"""Number, kind and text of what is stored of a reply (chat/core/reply.py)."""


@dataclass(frozen=True, slots=True)
class Run:
    """A generation."""

    number: int
    model: str
    provider: str
    label: str
    status: str
    begins_at: int
    ends_at: int
    created_at: datetime
    first_piece_at: datetime | None
    ended_at: datetime | None
    reasoning_ms: int | None
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    left_out: int
    code: str
    error: str


@dataclass(frozen=True, slots=True)
class MessageHead:
    parent: int | None
    role: str
    created_at: datetime
    attachments: list[int]
    feedback: dict[str, str] | None
    words: str
    """By which it is found."""
    rows: list[Row]
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class More:
    """Of the message before."""

    rows: list[Row]
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class Refused:
    """A conversation that cannot be read, where it is, and why."""

    title: str
    file: str
    number: int
    fault: dict[str, Any]
    """As `fault_of` has it."""


Record: TypeAlias = Refused | Beginning | Ids | AttachmentHead | Data | MessageHead | More


def records_of(document: SavedConversation) -> Iterator[Record]:
    numbers = {message.id: number for number, message in enumerate(document.messages)}
    yield _beginning(document, numbers)
    for some in batches(list(numbers), IDS):
        yield Ids(some)
    files = dict[UUID, int]()
    for attachment in document.attachments:
        files[attachment.id] = len(files)
        yield AttachmentHead(attachment.id, attachment.name, attachment.created_at, len(attachment.data))
        yield from map(Data, batches(attachment.data, DATA))
    for message in document.messages:
        yield from _message(message, numbers, files)


def _beginning(document: SavedConversation, numbers: dict[UUID, int]) -> Beginning:
    return Beginning(
        id=document.id,
        title=document.title,
        titled_by=document.titled_by,
        created_at=document.created_at,
        updated_at=document.updated_at,
        current=None if document.current is None else numbers[_shown(document, document.current)],
        options={name: getattr(document, name) for name in KEPT},
        messages=len(document.messages),
        attachments=len(document.attachments),
        attached=max((len(message.attachments) for message in document.messages), default=0),
        size=_bytes_of(document),
    )


def _shown(document: SavedConversation, current: UUID) -> UUID:
    """The end of the branch on show, as a site has it: what was written while it was exported may be below."""
    tree = MessageTree((message.id, message.parent, message.role) for message in document.messages)
    return tree.leaf_below(current)


def _bytes_of(document: SavedConversation) -> int:
    texts, rows = [document.title, document.system_prompt], 0
    for message in document.messages:
        rows += 1 + len(message.parts) + len(message.generations)
        texts += [part.text for part in message.parts]
        texts += [run.error for run in message.generations]
        texts += [message.feedback.comment] if message.feedback else []
    return ROW_BYTES * rows + sum(len(text.encode()) for text in texts)


def _message(message: SavedMessage, numbers: dict[UUID, int], files: dict[UUID, int]) -> Iterator[Record]:
    reply = _without_open_calls(message.reply)
    rows = list(_chunks([(number, part.kind, part.text) for number, part in reply.rows_since(Mark())[0]]))
    runs = list(batches([_run(number, run, reply.position) for number, run in enumerate(message.generations)], ROWS))
    yield MessageHead(
        parent=None if message.parent is None else numbers[message.parent],
        role=message.role,
        created_at=message.created_at,
        attachments=[files[pk] for pk in message.attachments],
        feedback=message.feedback.model_dump() if message.feedback else None,
        words=indexed(reply.text),
        rows=rows[0] if rows else [],
        runs=runs[0] if runs else [],
    )
    for some_rows, some_runs in zip_longest(rows[1:], runs[1:]):
        yield More(some_rows or [], some_runs or [])


def _without_open_calls(reply: Reply) -> Reply:
    """What was called elsewhere never runs here: it gets the result that nothing came of it."""
    parts = reply.parts()
    waiting, begun = pending(parts), unfinished(parts)
    ends = [(call, Outcome.STOPPED) for call in waiting]
    ends += [(call, Outcome.UNKNOWN if call.changes else Outcome.STOPPED) for call in begun]
    for call, status in ends:
        part = written(Result(call.id, status, NEVER_RUN))
        reply.append(part.kind, part.text)
    return reply


def _chunks(rows: list[Row]) -> Iterator[list[Row]]:
    """So many that a record has room for them."""
    some, size = list[Row](), 0
    for row in rows:
        if some and (len(some) == ROWS or size + len(row[2]) > ROW_CHARACTERS):
            yield some
            some, size = [], 0
        some.append(row)
        size += len(row[2])
    if some:
        yield some


def _run(number: int, saved: SavedGeneration, length: int) -> Run:
    """One that was running when it was saved has no process here: it was interrupted. And nothing waits for a yes."""
    known = saved.model_dump()
    known["status"] = str(ENDED_BY_IMPORT.get(saved.status, saved.status))
    known["ends_at"] = length if saved.ends_at is None else saved.ends_at
    return Run(number=number, **known)


# From one process to another

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Refused, Beginning, Ids, AttachmentHead, Data, MessageHead, More)
}


def encoded(record: Record) -> bytes:
    return _encoder.encode({"kind": type(record).__name__, **_members(record)}).encode()


def _members(record: "Record | Run") -> dict[str, Any]:
    """As `asdict` has them, which would copy each value: three quarters of the time."""
    return {name: getattr(record, name) for name in record.__slots__}


def _plain(value: Any) -> Any:
    if isinstance(value, Run):
        return _members(value)
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)


_encoder = json.JSONEncoder(ensure_ascii=False, default=_plain)


def decoded(said: dict[str, Any]) -> Record:
    """Raises ValueError, KeyError or TypeError for what `encoded` has not made."""
    kind = KINDS[said.pop("kind")]
    record: Record = kind(**{name: _read(name, value) for name, value in said.items()})
    return record


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith("_at") and name not in ("begins_at", "ends_at"):
        return datetime.fromisoformat(value)
    return READERS[name](value) if name in READERS else value


def _run_from(said: dict[str, Any]) -> Run:
    return Run(**{each.name: _read(each.name, said[each.name]) for each in fields(Run)})


READERS: dict[str, Callable[[Any], Any]] = {
    "id": UUID,
    "ids": lambda ids: [UUID(pk) for pk in ids],
    "data": b64decode,
    "rows": lambda rows: [(int(number), str(kind), str(text)) for number, kind, text in rows],
    "runs": lambda runs: [_run_from(run) for run in runs],
}
"""By the names of members, how their values are read that JSON has no type for."""


def fault_of(error: BadInput | TooLong) -> dict[str, Any]:
    return {"code": error.code, "sentence": error.sentence, "values": dict(error.values)}


def fault_from(said: dict[str, Any]) -> BadInput | TooLong:
    kinds: dict[str, type[BadInput | TooLong]] = {kind.code: kind for kind in (BadInput, TooLong)}
    kind = kinds[said["code"]]
    return kind(said["sentence"], values=said["values"])
