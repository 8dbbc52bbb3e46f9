"""The file `.env`: what its lines say, or a sentence for each that is not understood. Pure.

    NAME=value      to the end of the line, as it stands there
    NAME='value'    as it stands between the quotes, over several lines if need be
    NAME="value"    likewise; a backslash takes the quote, or another backslash, as it is
    # a comment     on a line of its own

django-environ's own reader leaves out what it does not understand and knows no value of several lines. What it
understood means the same here, or is a fault. A fault names the line, and never says what stands there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

ASSIGNMENT = re.compile(r"(?:export )?([A-Za-z0-9_]+)=(.*)")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
COMMENT = re.compile(r"\s#")
ESCAPED = re.compile(r"\\(.)")
OTHER_QUOTES = ("``", "“”", "„“", "‘’", "‚‘", "«»", "»«", "””", "’’", "´´")

NOT_UNDERSTOOD = "is not NAME=value, with no space before the name and none before the `=`"
CONTROLS = "has a character that cannot be seen"
COMMENTED = "has a # within its value: a comment stands on a line of its own, and such a value in quotes"
TYPOGRAPHIC = "has quotes around its value that are neither ' nor \""
UNCLOSED = "begins with a quote that is not closed, neither there nor at the end of a later line"
AFTER = "has something after the quote that closes its value, if only a space; or that quote stands within the value"
ESCAPE = r"has \n, \r or \t in double quotes: begin a new line there; a backslash itself is \\"


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    value: str
    line: int
    is_literal: bool = False
    """In single quotes: whatever stands there is meant."""


@dataclass(frozen=True, slots=True)
class Fault:
    line: int
    what: str


class _Wrong(ValueError):
    """What is wrong with a line."""


def parse(text: str) -> tuple[list[Entry], list[Fault]]:
    """Of two lines with one name both are entries; the later one counts."""
    entries, faults = list[Entry](), list[Fault]()
    lines = enumerate(text.split("\n"), 1)
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            entries.append(_entry(number, line, lines))
        except _Wrong as exc:
            faults.append(Fault(number, str(exc)))
    return entries, faults


def _entry(number: int, line: str, following: Iterator[tuple[int, str]]) -> Entry:
    if not (found := ASSIGNMENT.fullmatch(line)):
        raise _Wrong(CONTROLS if CONTROL.search(line) else NOT_UNDERSTOOD)
    name, value = found.groups()
    quote = value[:1] if value[:1] in ("'", '"') else ""
    value = _between(quote, value, following) if quote else _bare(value)
    if CONTROL.search(value):
        raise _Wrong(CONTROLS)
    return Entry(name, value, number, is_literal=quote == "'")


def _bare(value: str) -> str:
    trimmed = value.strip()
    if COMMENT.search(value):
        raise _Wrong(COMMENTED)
    if len(trimmed) > 1 and trimmed[0] + trimmed[-1] in OTHER_QUOTES:
        raise _Wrong(TYPOGRAPHIC)
    return value


def _between(quote: str, value: str, following: Iterator[tuple[int, str]]) -> str:
    """In one line the quote may stand within, too, as it always could."""
    if len(value) > 1 and _ends(value[1:], quote):
        return _unescaped(value[1:-1], quote)
    pieces = [value[1:]]
    while not _ends(pieces[-1], quote):
        if _has(pieces[-1], quote):
            raise _Wrong(AFTER)
        _, piece = next(following, (0, None))
        if piece is None:
            raise _Wrong(UNCLOSED)
        pieces.append(piece)
    inner = "\n".join(pieces)[:-1]
    if _has(inner, quote):
        raise _Wrong(AFTER)
    return _unescaped(inner, quote)


def _ends(piece: str, quote: str) -> bool:
    before = piece.removesuffix(quote)
    return before != piece and (quote == "'" or (len(before) - len(before.rstrip("\\"))) % 2 == 0)


def _has(piece: str, quote: str) -> bool:
    return quote in (piece if quote == "'" else ESCAPED.sub("", piece))


def _unescaped(inner: str, quote: str) -> str:
    if quote == "'":
        return inner
    if any(found in "nrt" for found in ESCAPED.findall(inner)):
        raise _Wrong(ESCAPE)
    return ESCAPED.sub(r"\1", inner)
