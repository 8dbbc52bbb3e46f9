"""How much of a long branch a page shows at once: as many messages as a reader can use, and a browser at once."""

from collections.abc import Sequence

MESSAGES = 24
CHARS = 60_000
LEAST = 2
"""A question and its answer, however long they are."""


def fitting(sizes: Sequence[int]) -> int:
    """How many of the last messages make a window; `sizes` are theirs in characters, from the first to the last."""
    count = chars = 0
    for size in reversed(sizes[-MESSAGES:]):
        chars += size
        if count >= LEAST and chars > CHARS:
            break
        count += 1
    return count
