"""How much of a long branch a page shows at once: as many messages as a reader can use, and a browser at once."""

from collections.abc import Sequence

MOST_MESSAGES = 24
MOST_CHARACTERS = 60_000
LEAST_MESSAGES = 2
"""A question and its answer, however long they are."""
MOST_ON_PAGE = 300
MOST_CHARACTERS_ON_PAGE = 600_000
"""Past either no page shows a further message, whoever asks for all from one on."""
MOST_OF_MESSAGE = 1_500_000
"""Characters of one message that a page shows. Longer ones are cut there, and say so."""
STEP = 100
"""How many more messages a page shows for each time that a reader without JavaScript asks for earlier ones."""

MOST_ABOVE = MOST_MESSAGES + STEP
"""Messages that a page looks at to show the end of a branch, and to say where the page before it begins."""


def page_size(sizes: Sequence[int]) -> int:
    """How many of the last messages fill a page; `sizes` are theirs in characters, from the first to the last."""
    count = chars = 0
    for size in reversed(sizes[-MOST_MESSAGES:]):
        chars += size
        if count >= LEAST_MESSAGES and chars > MOST_CHARACTERS:
            break
        count += 1
    return count


def size_from(sizes: Sequence[int]) -> int:
    """How many of the first messages the largest page has, for who asks for all from a place on."""
    count = chars = 0
    for size in sizes[:MOST_ON_PAGE]:
        if count >= LEAST_MESSAGES and chars > MOST_CHARACTERS_ON_PAGE:
            break
        chars += min(size, MOST_OF_MESSAGE)
        count += 1
    return count


def step_back(sizes: Sequence[int]) -> int:
    """How many of the last messages a page shows before those that the one before it began with."""
    count = chars = 0
    for size in reversed(sizes[-STEP:]):
        chars += min(size, MOST_OF_MESSAGE)
        if count and chars > MOST_CHARACTERS_ON_PAGE // 2:
            break
        count += 1
    return count
