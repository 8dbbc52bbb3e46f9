"""The file of CHAT_NOTICE, looked at when a process starts. It needs no database, and no settings."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 100_000
"""A person is to read it."""


@dataclass(frozen=True, slots=True)
class NoticeFile:
    version: str
    """The SHA-256 of the file, as `sha256sum` says it."""
    text: str
    """Markdown."""


def read_notice(path: Path) -> NoticeFile:
    """Raises ValueError with what follows the setting's name in a sentence."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as exc:
        raise ValueError(f"names a file that cannot be read ({exc.strerror}): {str(path)!r}") from None
    if len(content) > MOST_BYTES:
        raise ValueError(f"names a file that is larger than {MOST_BYTES} bytes: {str(path)!r}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise ValueError(f"names a file that is not written in UTF-8 (line {line}): {str(path)!r}") from None
    if not text.strip():
        raise ValueError(f"names a file that says nothing: {str(path)!r}")
    return NoticeFile(hashlib.sha256(content).hexdigest(), text)
