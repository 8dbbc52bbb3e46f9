"""How much of a long branch a page shows at once: as many messages as a reader can use, and a browser at once."""

from collections.abc import Sequence

MOST_MESSAGES = 24
MOST_CHARACTERS = 60_000
LEAST_MESSAGES = 2
"""A question and its answer, however long they are."""


def page_size(sizes: Sequence[int]) -> int:
    """How many of the last messages fill a page; `sizes` are theirs in characters, from the first to the last."""
    count = chars = 0
    for size in reversed(sizes[-MOST_MESSAGES:]):
        chars += size
        if count >= LEAST_MESSAGES and chars > MOST_CHARACTERS:
            break
        count += 1
    return count
