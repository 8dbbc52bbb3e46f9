"""Text of any kind: prose, tables, source code, HTML, SVG. To a model it is all the same."""

import re

from chat.attachments.inspection.found import Inspected, Limits
from chat.core.reply import storable
from chat.errors import TooLong
from chat.i18n import gettext_noop as _

TOO_MUCH = _("This is more text than a model can be shown: %(limit)s characters are allowed. Attach a part of it.")

BINARY = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""Control characters that no text has: all but tabs, ends of lines, page breaks and the escapes of terminals."""


def inspect(text: str, limits: Limits) -> Inspected:
    """Raises TooLong."""
    text = tidied(text)
    check_length(text, limits)
    return Inspected("text", "text/plain", text.encode(), text=text)


def decoded(data: bytes) -> str | None:
    """As UTF-8; as UTF-16 if it says so; else as Windows' Western European. None for what is no text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
        return None if "\0" in text else text
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    # Any bytes are something in this encoding, so here a single one that no text has tells that it is none.
    return None if BINARY.search(text) else text


def tidied(text: str) -> str:
    """As every store can hold it, its lines ended in one way."""
    return storable(text.replace("\r\n", "\n").replace("\r", "\n"))


def check_length(text: str, limits: Limits) -> None:
    """Raises TooLong."""
    if limits.characters and len(text) > limits.characters:
        raise TooLong(TOO_MUCH, values={"limit": limits.characters})
