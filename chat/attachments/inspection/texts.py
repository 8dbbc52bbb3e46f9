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


BEYOND_ASCII = bytes(range(0x80, 0x100))
FOREIGN_BYTES, FOREIGN_RUN = 8, re.compile(rb"[\x80-\xff]{4}")
"""Beyond ASCII: a text in Western letters has few of them side by side, one in any other script has words of them."""
LATIN = re.compile(r"windows-125[0247]|iso-?8859-(1|2|3|4|9|10|13|14|15|16)", re.IGNORECASE)
LATIN_BYTES, LATIN_CONFIDENCE = 4, 0.07
"""From where on chardet is right about a line of Polish, Czech, Hungarian or Turkish, as the tests' table says."""


def decoded(data: bytes) -> str | None:
    """As UTF-8; as UTF-16 if it says so; else as the encoding that it looks like. None for what is no text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
        return None if "\0" in text else text
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    # Any bytes are something in most of these, so here a single one that no text has tells that it is none.
    found = next((said for name in _encodings(data) if (said := _in(name, data)) is not None), None)
    return None if found is None or BINARY.search(found) else found


def _encodings(data: bytes) -> tuple[str, str]:
    """What it looks like, and Windows' Western European: that first where too little is beyond ASCII to be sure."""
    from chardet import EncodingEra, detect  # here, because texts in UTF-8 need none of it

    found = detect(data, encoding_era=EncodingEra.MODERN_WEB)
    name, count = found["encoding"] or "cp1252", len(data) - len(data.translate(None, BEYOND_ASCII))
    if LATIN.fullmatch(name):
        is_sure = count >= LATIN_BYTES and found["confidence"] >= LATIN_CONFIDENCE
    else:
        is_sure = count >= FOREIGN_BYTES and FOREIGN_RUN.search(data) is not None
    return (name, "cp1252") if is_sure else ("cp1252", name)


def _in(encoding: str, data: bytes) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def tidied(text: str) -> str:
    """As every store can hold it, its lines ended in one way."""
    return storable(text.replace("\r\n", "\n").replace("\r", "\n"))


def check_length(text: str, limits: Limits) -> None:
    """Raises TooLong."""
    if limits.characters and len(text) > limits.characters:
        raise TooLong(TOO_MUCH, values={"limit": limits.characters})
