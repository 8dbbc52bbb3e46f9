"""What templates have made, kept so that it need not be made again.

Theory. A text is found by all that it depends on: where in a template it was made, and the values that it was made
of. Another value is another text; nothing is ever brought up to date. It is of rows, too: whose words are in it. When
a row is gone, what is of it is dropped, whichever values it was made of. There is room for so many bytes; what was not
asked for longest goes first. Any thread may ask.
"""

import sys
from collections.abc import Hashable, Iterable
from threading import Lock
from typing import Any, NamedTuple

from cachetools import LRUCache

Row = tuple[str, Hashable]
"""Which table, and the primary key."""

SMALL_PARTS = 8
"""A text takes no more than one of so many parts of the room: one long message must not push out all others."""
ENTRY_BYTES = 1_000
ROW_BYTES = 400
"""What a text takes beside itself: its key, and its place by each of its rows."""


class Fragment(NamedTuple):
    pieces: tuple[str, ...]
    """A text, or what is before, between and after what is filled in each time, with its mark in each place."""
    rows: tuple[Row, ...] = ()

    @property
    def size(self) -> int:
        return sum(map(sys.getsizeof, self.pieces)) + ENTRY_BYTES + ROW_BYTES * len(self.rows)


class FragmentStore:
    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes // SMALL_PARTS
        self._lock = Lock()
        self._fragments = _Indexed(most_bytes)

    @property
    def count(self) -> int:
        return len(self._fragments)

    @property
    def size(self) -> int:
        """In bytes, as far as they can be told."""
        return int(self._fragments.currsize)

    def find(self, keys: Iterable[Hashable]) -> list[tuple[str, ...] | None]:
        """Of each its pieces, or None."""
        with self._lock:
            return [fragment and fragment.pieces for fragment in map(self._fragments.__getitem__, keys)]

    def keep(self, key: Hashable, pieces: tuple[str, ...], rows: Iterable[Row] = ()) -> None:
        fragment = Fragment(pieces, tuple(rows))
        if fragment.size <= self._most:
            with self._lock:
                self._fragments[key] = fragment

    def rows(self) -> list[Row]:
        """Of which there is something."""
        with self._lock:
            return list(self._fragments.keys_of)

    def drop(self, rows: Iterable[Row]) -> None:
        """All that is of any of these."""
        with self._lock:
            for row in rows:
                for key in list(self._fragments.keys_of.get(row, ())):
                    del self._fragments[key]


class _Indexed(LRUCache[Hashable, Any]):
    """Whatever comes and goes, also to make room, is found by its rows."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(most_bytes, getsizeof=lambda fragment: fragment.size)
        self.keys_of: dict[Row, set[Hashable]] = {}

    def __missing__(self, key: Hashable) -> None:
        """Nothing is there: a page looks for dozens, each once."""

    def __setitem__(self, key: Hashable, fragment: Fragment) -> None:
        if key in self:
            del self[key]
        super().__setitem__(key, fragment)
        for row in fragment.rows:
            self.keys_of.setdefault(row, set()).add(key)

    def __delitem__(self, key: Hashable) -> None:
        rows = self[key].rows
        super().__delitem__(key)
        for row in rows:
            self.keys_of[row].discard(key)
            if not self.keys_of[row]:
                del self.keys_of[row]
