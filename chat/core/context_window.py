"""What is cut of a conversation to fit the model's context window: its oldest turns."""

from collections.abc import Sequence

from chat.core.prompt import Document, Turn
from chat.core.tokens import BYTES_PER_TOKEN, tokens_of


def left_out(turns: Sequence[Turn], tokens: int, besides: str = "", *, is_end: bool = False) -> int:
    """How many of the oldest turns do not fit into `tokens`, together with what is said `besides` (0: no bound).

    What is left begins with a question, and the last question and what follows it are never left out. `is_end`: there
    are older ones, of which not even the last fits.
    """
    if not tokens or (not is_end and _surely_fits(turns, tokens, besides)):
        return 0
    room = tokens - (tokens_of(besides) if besides else 0)
    begin = len(turns)
    for at in range(len(turns) - 1, -1, -1):
        room -= turns[at].tokens
        if room < 0 and begin < len(turns):
            break
        if turns[at].role == "user":
            begin = at
    return begin if begin < len(turns) else 0


def _surely_fits(turns: Sequence[Turn], tokens: int, besides: str) -> bool:
    """Whatever it says: a character has at most four bytes."""
    return 4 * sum(_most(turn) for turn in turns) <= BYTES_PER_TOKEN * tokens - 4 * len(besides)


def _most(turn: Turn) -> int:
    """Characters, with images as if they were text."""
    if not turn.attachments:
        return len(turn.text)
    return len(turn.text) + sum(
        each.characters if isinstance(each, Document) else each.tokens * BYTES_PER_TOKEN for each in turn.attachments
    )
