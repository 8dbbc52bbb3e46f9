"""A conversation's messages in the order in which staff read them: one branch to its end, then the next.

A page shows a part of it, and leads to what is before and after that.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext

from chat.admin.attachments import AttachedFile, files_in
from chat.core import pagination
from chat.core.reply import Part
from chat.core.tree import MessageTree
from chat.models import Conversation, Generation, Message, UsageEntry

INDENTS = 6
"""How far branches are indented. Deeper ones stay there, or a phone would show nothing of them."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A message where it stands in the transcript."""

    message: Message
    parts: list[Part]
    attachments: list[AttachedFile]
    generations: list[Generation]
    place: int
    """Which of the alternatives it is, from 1."""
    alternatives: int
    """How many there are: the message and its siblings of the same role."""
    level: int
    """How many branchings lie between it and the beginning."""
    is_current: bool
    """Is it on the branch that its owner sees?"""
    follows: Message | None
    """The message that it answers, where that is not the one just above."""

    @property
    def noun(self) -> str:
        nouns = {"user": gettext("Question"), "assistant": gettext("Answer")}
        return nouns.get(self.message.role, gettext("Instruction"))

    @property
    def indent(self) -> int:
        return min(self.level, INDENTS)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A part that a page has room for. `earlier` and `later` begin those around it; `count` is of all messages."""

    turns: list[Turn]
    count: int
    earlier: uuid.UUID | None
    later: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message stands, without a word of it."""

    pk: uuid.UUID
    parent: uuid.UUID | None
    place: int
    alternatives: int
    level: int


def transcript(conversation: Conversation, begin: str = "") -> Transcript:
    """What follows from the message `begin` on, else from the beginning: depth first, siblings by number.

    The same few queries, however many messages there are; only those that are shown are loaded, and cut where they are
    longer than a page may have.
    """
    tree = conversation.tree()
    spots = list(_walk(tree))
    at = next((index for index, spot in enumerate(spots) if str(spot.pk) == begin), 0)
    low = max(0, at - pagination.STEP)
    sizes = conversation.sizes([spot.pk for spot in spots[low : at + pagination.MOST_ON_PAGE]])
    above, below = sizes[: at - low], sizes[at - low :]
    ends = at + pagination.size_from(below)
    before = spots[at - 1].pk if at else None
    return Transcript(
        turns=_turns(conversation, tree, spots[at:ends], before),
        count=len(spots),
        earlier=spots[at - pagination.step_back(above)].pk if at else None,
        later=spots[ends].pk if ends < len(spots) else None,
    )


def _turns(conversation: Conversation, tree: MessageTree, spots: list[Spot], last: uuid.UUID | None) -> list[Turn]:
    # Parts last: an answer that ends in between is shown as still running, not as complete without its end.
    messages = {each.pk: each for each in conversation.load([spot.pk for spot in spots], pagination.MOST_OF_MESSAGE)}
    parents = {spot.parent for spot in spots if spot.parent}
    answered = conversation.messages.in_bulk(parents)
    files = files_in(conversation, list(messages))
    spent = UsageEntry.objects.in_bulk(
        [each.pk for message in messages.values() for each in message.generations.all()]
    )
    current = set(tree.path(conversation.current_id))
    turns: list[Turn] = []
    for spot in spots:
        follows = None if spot.parent == last or not spot.parent else answered.get(spot.parent)
        last = spot.pk
        if message := messages.get(spot.pk):
            runs = sorted(message.generations.all(), key=_number)
            for run in runs:
                run.spent = spent.get(run.pk)  # type: ignore[attr-defined]
            of_it = message.reply.parts(), files[spot.pk], runs
            places = spot.place, spot.alternatives, spot.level
            turns.append(Turn(message, *of_it, *places, spot.pk in current, follows))
    return turns


def _number(generation: Generation) -> int:
    return generation.number


def _walk(tree: MessageTree) -> Iterator[Spot]:
    """Depth first, and without recursion: a conversation may be thousands of messages deep."""
    ahead = _spots(tree, tree.roots(), 0)
    while ahead:
        spot = ahead.pop()
        yield spot
        ahead += _spots(tree, tree.children(spot.pk), spot.level)


def _spots(tree: MessageTree, siblings: list[uuid.UUID], level: int) -> list[Spot]:
    """Those that answer the same message, last one first."""
    counts, seen = Counter(map(tree.role, siblings)), Counter[str]()
    spots = []
    for pk in siblings:
        role = tree.role(pk)
        seen[role] += 1
        spots.append(Spot(pk, tree.parent(pk), seen[role], counts[role], level + (counts[role] > 1)))
    return spots[::-1]
