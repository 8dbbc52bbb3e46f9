"""Documents as files: one, or all of a user's in a zip that is made while it is sent."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from django.utils.text import slugify

from chat.i18n import Say
from chat.i18n import gettext_noop as _
from chat.import_export.document import SavedAttachment, SavedConversation, SavedMessage
from chat.import_export.markdown import markdown_pieces
from chat.import_export.streamed import Streamed
from chat.import_export.zip_stream import ZipStream

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


def json_pieces(conversation: Streamed, whole: Whole) -> Iterator[str]:
    """The JSON in pieces: what it is, each message, each attachment."""
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

    def __init__(self, load: Callable[[UUID], Streamed | None], say: Say, whole: Whole) -> None:
        """`load` gives a conversation when its turn comes; None: it is gone meanwhile. `say` says our own words."""
        self._load = load
        self._whole = whole
        self._say = say
        self._zip = ZipStream()
        self._zip.add("README.txt", say(README, {}) + "\n")

    def add(self, pk: UUID) -> Iterator[bytes]:
        """The next bytes of the file."""
        if conversation := self._load(pk):
            name = entry_name(conversation.document)
            yield from self._zip.entry(name + "json", json_pieces(conversation, self._whole))
            yield from self._zip.entry(name + "md", markdown_pieces(conversation, self._say))
        yield self._zip.taken()

    def close(self) -> bytes:
        """The last bytes of the file."""
        return self._zip.close()


def entry_name(document: SavedConversation) -> str:
    """Of a conversation in a zip, but for its extension: an import finds it there."""
    return f"conversations/{document.created_at:%Y}/{file_name(document, '')}"
