"""What is cut of a conversation to fit the model's context window: results of tools, then its oldest turns."""

from collections.abc import Sequence
from dataclasses import replace

from chat.core.prompt import Document, Turn
from chat.core.tokens import BYTES_PER_TOKEN, TURN_TOKENS, tokens_of
from chat.core.tool_parts import Result, Round

CUT = "\n[The rest of this result is left out: there is no room for it.]"


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


def with_room_for_results(turns: Sequence[Turn], tokens: int, besides: str = "") -> list[Turn]:
    """The turns with so much of the latest results of tools as there is room for, besides all that was said.

    `tokens`, `besides`: as of `left_out`. Of what is cut the beginning is kept, and a sentence says so.
    """
    if not tokens or not any(turn.rounds for turn in turns) or _surely_fits(turns, tokens, besides):
        return list(turns)
    results = sum(
        tokens_of(each.content) for turn in turns for tools in turn.rounds for each in tools.results.values()
    )
    room = tokens - tokens_of(besides) - sum(turn.tokens for turn in turns) + results
    fitted = list[Turn]()
    for turn in reversed(turns):
        tools = list[Round]()
        for each in reversed(turn.rounds):
            kept = dict[str, Result]()
            for pk, result in reversed(each.results.items()):
                kept[pk] = _cut(result, room)
                room -= tokens_of(kept[pk].content)
            tools.append(replace(each, results=kept))
        fitted.append(replace(turn, rounds=tuple(reversed(tools))) if turn.rounds else turn)
    return fitted[::-1]


def _cut(result: Result, tokens: int) -> Result:
    if tokens_of(result.content) <= tokens:
        return result
    size = max(0, tokens - TURN_TOKENS - tokens_of(CUT)) * BYTES_PER_TOKEN
    return replace(result, content=result.content.encode()[:size].decode(errors="ignore") + CUT)


def _surely_fits(turns: Sequence[Turn], tokens: int, besides: str) -> bool:
    """Whatever it says: a character has at most four bytes."""
    return 4 * sum(map(_most, turns)) <= BYTES_PER_TOKEN * tokens - 4 * len(besides)


def _most(turn: Turn) -> int:
    """Characters, with images as if they were text."""
    if turn.rounds:
        return turn.tokens * BYTES_PER_TOKEN  # whose bytes are counted
    if not turn.attachments:
        return len(turn.text)
    return len(turn.text) + sum(
        each.characters if isinstance(each, Document) else each.tokens * BYTES_PER_TOKEN for each in turn.attachments
    )
