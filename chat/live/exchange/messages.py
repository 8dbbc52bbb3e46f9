"""What processes of a site say to each other, as bytes.

A message is the JSON of `[version, sender, kind, entries]`. Of another version nothing is understood, and whoever
sends what cannot be read is not believed in anything: for both there is the database.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chat.core.reply import Part

VERSION = 1

ASK, NEWS, STOP, TITLE, NOTE = "ask", "news", "stop", "title", "note"
"""Wishes; what is new of what was wished for; generations that are to be stopped; titles of conversations; and what is
said to all, in words that the exchange does not know."""


class Unreadable(ValueError):
    """It is no message of this version."""


class OtherVersion(Unreadable):
    """It is one of another."""


@dataclass(frozen=True, slots=True)
class Message:
    sender: str
    kind: str
    entries: list[Any]


class Wish(NamedTuple):
    """To be told of a generation's reply from a position on; each has a number of its asker's."""

    generation: str
    number: int
    position: int


class News(NamedTuple):
    """What is new of a reply from a position on, for the wish with that number. No position: it is not here."""

    generation: str
    number: int
    position: int | None
    parts: Sequence[Part] = ()
    is_over: bool = False
    title: str | None = None
    unstored: str = ""
    """What its readers are told while it cannot be stored."""


def encoded(sender: str, kind: str, entries: Iterable[Sequence[Any]]) -> bytes:
    return json.dumps([VERSION, sender, kind, list(entries)], ensure_ascii=False, separators=(",", ":")).encode()


def encoded_news(sender: str, news: Iterable[News]) -> bytes:
    entries = [[*one[:3], [[part.kind, part.text] for part in one.parts], *one[4:]] for one in news]
    return encoded(sender, NEWS, entries)


def decoded(data: bytes) -> Message:
    """Raises Unreadable."""
    try:
        version, *rest = json.loads(data)
    except (ValueError, TypeError, RecursionError) as exc:
        raise Unreadable from exc
    if version != VERSION:
        raise OtherVersion
    match rest:
        case [str(sender), str(kind), list(entries)]:
            return Message(sender, kind, entries)
    raise Unreadable


def read_wish(entry: Any) -> Wish:
    """Raises Unreadable, as all of these."""
    match entry:
        case [str(generation), int(number), int(position)] if position >= 0:
            return Wish(generation, number, position)
    raise Unreadable


def read_news(entry: Any) -> News:
    match entry:
        case [
            str(generation),
            int(number),
            int() | None as at,
            list(parts),
            bool(over),
            str() | None as title,
            str(un),
        ]:
            return News(generation, number, at, [_read_part(part) for part in parts], over, title, un)
    raise Unreadable


def read_id(entry: Any) -> uuid.UUID:
    match entry:
        case [str(key)]:
            return _uuid(key)
    raise Unreadable


def read_title(entry: Any) -> tuple[uuid.UUID, str]:
    """Of which conversation, and the title."""
    match entry:
        case [str(key), str(title)]:
            return _uuid(key), title
    raise Unreadable


def read_note(entry: Any) -> tuple[str, ...]:
    if isinstance(entry, list) and all(isinstance(word, str) for word in entry):
        return tuple(entry)
    raise Unreadable


def _uuid(key: str) -> uuid.UUID:
    try:
        return uuid.UUID(key)
    except ValueError as exc:
        raise Unreadable from exc


def _read_part(part: Any) -> Part:
    match part:
        case [str(kind), str(text)]:
            return Part(kind, text)
    raise Unreadable
