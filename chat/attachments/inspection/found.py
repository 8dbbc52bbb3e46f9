"""What an inspection may find, and how that goes from one process to another."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Limits:
    """0 turns one off."""

    pixels: int
    """Of an image, as its header says."""
    pages: int
    """Of a PDF."""
    characters: int
    """Of a text, or of the text of a PDF."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What of a file is kept."""

    kind: str
    """`image`, `text` or `pdf`."""
    media_type: str
    data: bytes
    thumbnail: bytes = b""
    """A small JPEG or PNG of an image."""
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    text: str = ""
    """What a model is shown of a text or a PDF."""

    def as_bytes(self) -> bytes:
        """A line of JSON, then the long fields one after the other."""
        text = self.text.encode()
        head = {name: value for name, value in asdict(self).items() if name not in ("data", "thumbnail", "text")}
        head |= {"lengths": [len(self.data), len(self.thumbnail), len(text)]}
        return b"".join([json.dumps(head).encode(), b"\n", self.data, self.thumbnail, text])

    @classmethod
    def from_bytes(cls, sent: bytes) -> Self:
        """Raises ValueError, KeyError or TypeError for what `as_bytes` has not made."""
        line, _, rest = sent.partition(b"\n")
        head = json.loads(line)
        data, thumbnail, text = head.pop("lengths")
        if len(rest) != data + thumbnail + text:
            raise ValueError("It is not whole")
        return cls(
            **head,
            data=rest[:data],
            thumbnail=rest[data : data + thumbnail],
            text=rest[data + thumbnail :].decode(),
        )
