"""How a process that reads a file of a stranger tells what it found: bounded records, then an empty one. Pure.

Each is preceded by its length. An end without the empty one is that of a process that was ended.
"""

from collections.abc import Iterator
from typing import IO

HEAD = 4
"""Bytes of a length."""
MOST = 1 << 23
"""Bytes of a record."""
PIECE = 1 << 20
"""Bytes of a long value in one record: as much as this, and a little, is on its way at once."""


def say(output: IO[bytes], record: bytes) -> None:
    output.write(len(record).to_bytes(HEAD))
    output.write(record)


def pieces(data: bytes) -> Iterator[bytes]:
    return (data[begin : begin + PIECE] for begin in range(0, len(data), PIECE))
