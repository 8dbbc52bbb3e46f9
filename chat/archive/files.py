"""Documents as files: one, or all of a user's in a zip that is made while it is sent."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils.text import slugify

from chat.archive.document import SavedConversation
from chat.archive.markdown import as_markdown
from chat.sentences import Say, in_english
from chat.sentences import gettext_noop as _

README = _(
    "Your conversations, each twice: as JSON with all its branches, which this site can read again, "
    "and as Markdown with the branch that was on show, for people and other programs."
)


def file_name(conversation: SavedConversation, extension: str) -> str:
    """A name that every file system takes, with a piece of the id: titles may be equal, or empty."""
    words = slugify(conversation.title)[:60].strip("-") or "conversation"
    return f"{words}-{str(conversation.id)[:8]}.{extension}"


def as_json(conversation: SavedConversation) -> str:
    return json.dumps(conversation.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"


class Zip:
    """All of a user's conversations in one file, made piece by piece: it holds one conversation at a time."""

    def __init__(self, load: Callable[[UUID], SavedConversation | None], say: Say = in_english) -> None:
        """`load` gives a conversation when its turn comes; None: it is gone meanwhile. `say` says our own words."""
        self._load = load
        self._say = say
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)
        self._archive.writestr("README.txt", say(README, {}) + "\n")

    def add(self, pk: UUID) -> bytes:
        """The next bytes of the file."""
        if conversation := self._load(pk):
            folder = f"conversations/{conversation.created_at:%Y}"
            self._archive.writestr(f"{folder}/{file_name(conversation, 'json')}", as_json(conversation))
            self._archive.writestr(f"{folder}/{file_name(conversation, 'md')}", as_markdown(conversation, self._say))
        return self._sink.taken()

    def close(self) -> bytes:
        """The last bytes of the file."""
        self._archive.close()
        return self._sink.taken()


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
