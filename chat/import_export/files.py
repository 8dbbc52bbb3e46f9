"""Documents as files: one, or all of a user's in a zip that is made while it is sent."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from django.utils.text import slugify

from chat.i18n import Say, in_english
from chat.i18n import gettext_noop as _
from chat.import_export.document import SavedAttachment, SavedConversation, SavedMessage
from chat.import_export.markdown import markdown_pieces
from chat.import_export.streamed import Streamed, streamed

README = _(
    "Your conversations, each twice: as JSON with all its branches, which this site can read again, "
    "and as Markdown with the branch that was on show, for people and other programs."
)


Whole = Callable[[SavedAttachment], SavedAttachment]
"""Gives an attachment with its data and text. They are read when their turn comes: all may be large together."""


def file_name(conversation: SavedConversation, extension: str) -> str:
    """A name that every file system takes, with a piece of the id: titles may be equal, or empty."""
    words = slugify(conversation.title)[:60].strip("-") or "conversation"
    return f"{words}-{str(conversation.id)[:8]}.{extension}"


def as_it_is(attachment: SavedAttachment) -> SavedAttachment:
    """A `Whole`, for conversations that have all in them."""
    return attachment


def as_json(conversation: SavedConversation) -> str:
    return "".join(json_pieces(conversation))


def json_pieces(saved: SavedConversation | Streamed, whole: Whole = as_it_is) -> Iterator[str]:
    """The JSON in pieces: what it is, each message, each attachment."""
    conversation = streamed(saved)
    without = _dumped(conversation.document.model_dump(mode="json", exclude={"messages", "attachments"}))
    yield without.removesuffix("\n}") + ',\n "messages": ['
    yield from _items(conversation.messages())
    yield '],\n "attachments": ['
    yield from _items(whole(attachment) for attachment in conversation.attachments())
    yield "]\n}\n"


def _items(members: Iterable[SavedMessage | SavedAttachment]) -> Iterator[str]:
    for number, member in enumerate(members):
        yield (",\n" if number else "\n") + _dumped(member.model_dump(mode="json"))


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


class Zip:
    """All of a user's conversations in one file, made piece by piece.

    It holds a few messages of one conversation at a time, or one of its attachments.
    """

    def __init__(
        self,
        load: Callable[[UUID], SavedConversation | Streamed | None],
        say: Say = in_english,
        whole: Whole = as_it_is,
    ) -> None:
        """`load` gives a conversation when its turn comes; None: it is gone meanwhile. `say` says our own words."""
        self._load = load
        self._whole = whole
        self._say = say
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)
        self._archive.writestr("README.txt", say(README, {}) + "\n")

    def add(self, pk: UUID) -> Iterator[bytes]:
        """The next bytes of the file."""
        if found := self._load(pk):
            conversation, document = streamed(found), streamed(found).document
            name = f"conversations/{document.created_at:%Y}/{file_name(document, '')}"
            yield from self._entry(name + "json", json_pieces(conversation, self._whole))
            yield from self._entry(name + "md", markdown_pieces(conversation, self._say))
        yield self._sink.taken()

    def _entry(self, name: str, pieces: Iterable[str]) -> Iterator[bytes]:
        """How long it will be is not known before."""
        with self._archive.open(_entry(name), "w", force_zip64=True) as entry:
            for piece in pieces:
                entry.write(piece.encode())
                yield self._sink.taken()

    def close(self) -> bytes:
        """The last bytes of the file."""
        self._archive.close()
        return self._sink.taken()


def _entry(name: str) -> zipfile.ZipInfo:
    """As `writestr` makes it."""
    entry = zipfile.ZipInfo(name, time.localtime()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


class _Sink(io.RawIOBase):
    """A file that cannot seek, whose bytes are taken away as they come."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
