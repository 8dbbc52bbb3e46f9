"""What an inspection may find, and how that goes from one process to another."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Self

from chat.attachments.records import pieces

MOST_BYTES = 100_000_000
"""Of what is kept of a file: its pixels as a PNG, or a document and its text. They are stored in one piece."""


@dataclass(frozen=True, slots=True)
class Limits:
    """0 turns one off."""

    pixels: int
    """Of an image, as its header says."""
    pages: int
    """Of a PDF."""
    characters: int
    """Of a text, or of the text of a document."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What of a file is kept."""

    kind: str
    """`image`, `text`, `pdf` or `office`."""
    media_type: str
    data: bytes
    thumbnail: bytes = b""
    """A small JPEG or PNG of an image."""
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    text: str = ""
    """What a model is shown of any but an image."""

    def records(self) -> Iterator[bytes]:
        """A record of JSON, then those of the long fields one after the other (chat/attachments/records.py)."""
        text = self.text.encode()
        head = {name: value for name, value in asdict(self).items() if name not in ("data", "thumbnail", "text")}
        yield json.dumps(head | {"lengths": [len(self.data), len(self.thumbnail), len(text)]}).encode()
        yield from chain(pieces(self.data), pieces(self.thumbnail), pieces(text))

    @classmethod
    def from_records(cls, head: dict[str, Any], records: Iterator[bytes]) -> Self:
        """`head`: the first of them. Raises ValueError, KeyError or TypeError for what `records` has not made."""
        lengths = head.pop("lengths")
        if sum(lengths) > MOST_BYTES:
            raise ValueError("It is too large")
        data, thumbnail, text = (_joined(records, length) for length in lengths)
        return cls(**head, data=data, thumbnail=thumbnail, text=text.decode())


def _joined(records: Iterator[bytes], length: int) -> bytes:
    data = bytearray()
    while len(data) < length and (piece := next(records, b"")):
        data += piece
    if len(data) != length:
        raise ValueError("It is not whole")
    return bytes(data)
