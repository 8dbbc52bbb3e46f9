"""Many things, a few at a time: statements name only so many, and others have their turn in between."""

from collections.abc import Iterator
from typing import Any, TypeVar

Things = TypeVar("Things", list[Any], bytes)


def batches(things: Things, size: int) -> Iterator[Things]:
    """In their order, `size` each; the last may be shorter."""
    return (things[begin : begin + size] for begin in range(0, len(things), size))
