"""A reply: the append-only record of what a generation has produced so far.

Theory. A reply is a short list of parts, each of one kind and only ever appended to. Its *position* is the sum of
their lengths: `text` and `reasoning` count their code points, any other event counts 1. Hence

- the content *is* the log: position and content cannot disagree, because one is computed from the other;
- to resume is `since(position)`, the same function while the reply grows and after it is stored;
- a follower holds one integer, not a queue. If it is slow it gets bigger pieces, never a longer backlog.

Inside, text lies in blocks of about a kilobyte. Appending copies at most one block, `since` finds its block by
bisection, so neither costs more when the reply is long, and nothing is kept for each token.

It is stored in rows of bounded length, of which only the last still grows. So what has to be written for a token does
not depend on how much there is already. Adjacent rows of one kind are one part when they are read back.

This module is pure: no I/O, no clock, no Django.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

TEXT = "text"
REASONING = "reasoning"
SPOKEN = (TEXT, REASONING)
"""Kinds that count their code points and join what is adjacent. Any other kind is an event that counts 1."""

BLOCK = 1024
"""Code points after which a block is closed."""


ROW = 4096
"""Code points after which a stored row is closed."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of one kind: `text` is what was said, or for another kind the event's JSON."""

    kind: str
    text: str

    def __len__(self) -> int:
        return len(self.text) if self.kind in SPOKEN else 1


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to where a reply is stored for good: what comes after `position` belongs to the rows from `number` on."""

    number: int = 0
    position: int = 0

    @classmethod
    def after(cls, number: int, last: Part, position: int) -> "Mark":
        """The mark of a reply that is stored up to `position`, in rows of which `last` has this number."""
        if last.kind in SPOKEN and len(last) < ROW:
            return cls(number, position - len(last))
        return cls(number + 1, position)


class Reply:
    """The parts of one assistant message, growing at the end."""

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        """`parts`: what is already stored, when a reply is read back or continued."""
        self._kinds: list[str] = []
        self._blocks: list[str] = []
        self._starts: list[int] = []
        self._surrogate = ""
        self.position = 0
        for part in parts:
            self._add(part.kind, part.text)

    def append(self, kind: str, text: str) -> None:
        """Add what was said, or an event. NUL and lone surrogates become U+FFFD; halves of a pair are joined.

        No database that we support stores all of those, and what is shown must be what is stored.
        """
        if kind not in SPOKEN:
            self.settle()
            self._add(kind, text)
            return
        if self._surrogate and self._kinds[-1] != kind:
            self.settle()
        text, self._surrogate = _storable(self._surrogate + text)
        if text:
            self._add(kind, text)
        elif self._surrogate and (not self._kinds or self._kinds[-1] != kind):
            self._add(kind, "")  # remembers the kind that the waiting half belongs to

    def settle(self) -> None:
        """No second half of a surrogate pair will come: call it when the upstream has ended."""
        if self._surrogate:
            self._surrogate = ""
            self._add(self._kinds[-1], "\ufffd")

    def since(self, position: int) -> list[Part]:
        """What came after `position`, adjacent pieces of a kind joined. Raises ValueError if it never was one."""
        if not 0 <= position <= self.position:
            raise ValueError(f"{position} is not a position of this reply")
        if self._starts and position >= self._starts[-1] and self._kinds[-1] in SPOKEN:
            rest = self._blocks[-1][position - self._starts[-1] :]  # the short way of who follows
            return [Part(self._kinds[-1], rest)] if rest else []
        return list(_joined(self._blocks_since(position)))

    def parts(self) -> list[Part]:
        """The whole reply, as it is stored."""
        return self.since(0)

    def rows_since(self, mark: Mark) -> tuple[list[tuple[int, Part]], Mark]:
        """The rows to store, numbered, where those before `mark` are stored, and the mark once that is done."""
        rows = [row for part in self.since(mark.position) for row in _in_rows(part)]
        if not rows:
            return [], mark
        numbered = list(enumerate(rows, mark.number))
        return numbered, Mark.after(*numbered[-1], self.position)

    def until(self, position: int | None) -> "Reply":
        """This reply as it was at `position`; None: as it is."""
        if position is None or position >= self.position:
            return self
        rest, parts = position, list[Part]()
        for part in self.parts():
            if rest > 0:
                parts.append(part if len(part) <= rest else Part(part.kind, part.text[:rest]))
            rest -= len(part)
        return Reply(parts)

    @property
    def text(self) -> str:
        """What was said aloud: the text without reasoning and events. What an event divides are paragraphs."""
        said, is_divided = list[str](), False
        for kind, block in zip(self._kinds, self._blocks, strict=True):
            if kind == TEXT:
                said += ["\n\n", block] if is_divided and said else [block]
            is_divided = kind not in SPOKEN or (is_divided and kind != TEXT)
        return "".join(said)

    def _blocks_since(self, position: int) -> Iterator[tuple[str, str]]:
        first = max(bisect_right(self._starts, position) - 1, 0)
        for index in range(first, len(self._blocks)):
            kind, block = self._kinds[index], self._blocks[index]
            if position > self._starts[index]:
                block = block[position - self._starts[index] :] if kind in SPOKEN else ""
            if block or (kind not in SPOKEN and position <= self._starts[index]):
                yield kind, block

    def _add(self, kind: str, text: str) -> None:
        spoken = kind in SPOKEN
        if spoken and self._kinds and self._kinds[-1] == kind and len(self._blocks[-1]) < BLOCK:
            self._blocks[-1] += text
        else:
            self._kinds.append(kind)
            self._blocks.append(text)
            self._starts.append(self.position)
        self.position += len(text) if spoken else 1


def _joined(blocks: Iterable[tuple[str, str]]) -> Iterator[Part]:
    kind, run = "", list[str]()
    for next_kind, block in blocks:
        if run and (next_kind != kind or kind not in SPOKEN):
            yield Part(kind, "".join(run))
            run = []
        kind = next_kind
        run.append(block)
    if run:
        yield Part(kind, "".join(run))


def _in_rows(part: Part) -> list[Part]:
    if part.kind not in SPOKEN:
        return [part]
    return [Part(part.kind, part.text[start : start + ROW]) for start in range(0, len(part.text), ROW)]


def storable(text: str) -> str:
    """`text` as every store can hold it: NUL and lone surrogates become U+FFFD."""
    text, half = _storable(text)
    return text + "\ufffd" if half else text


def _storable(text: str) -> tuple[str, str]:
    """The storable text, and the first half of a surrogate pair if it ends in one."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        text = text.removesuffix(half) if half else text
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text, half
    return text, ""
