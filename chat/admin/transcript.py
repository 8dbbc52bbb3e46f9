"""A conversation's messages in the order in which staff read them: one branch to its end, then the next."""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext

from chat.admin.attachments import AttachedFile, files_in
from chat.core.reply import Part, Reply
from chat.models import Conversation, Generation, Message, MessagePart

INDENTS = 6
"""How far branches are indented. Deeper ones stay there, or a phone would show nothing of them."""

Spot = tuple[Message, list[Message], int]
"""A message, its alternatives, its level."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A message where it stands in the transcript."""

    message: Message
    parts: list[Part]
    attachments: list[AttachedFile]
    generations: list[Generation]
    alternatives: list[Message]
    """The message and its siblings of the same role, oldest first."""
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
    def place(self) -> int:
        """Which of the alternatives it is, from 1."""
        return self.alternatives.index(self.message) + 1

    @property
    def indent(self) -> int:
        return min(self.level, INDENTS)


def transcript(conversation: Conversation) -> list[Turn]:
    """All messages of a conversation, depth first, siblings by number. Four queries, however many rows."""
    messages = {message.pk: message for message in conversation.messages.select_related("feedback").order_by("number")}
    # In this order: an answer that ends in between is shown as still running, not as complete without its end.
    generations, parts = _generations(conversation), _parts(conversation)
    files = files_in(conversation)
    current = _branch(messages, conversation.current_id)
    turns: list[Turn] = []
    for message, alternatives, level in _walk(messages):
        parent = messages.get(message.parent_id) if message.parent_id else None
        follows = None if turns and turns[-1].message == parent else parent
        of_it = parts[message.pk], files[message.pk], generations[message.pk]
        turns.append(Turn(message, *of_it, alternatives, level, message.pk in current, follows))
    return turns


# By conversation, not by message: a list of thousands of ids is more than SQLite takes.


def _parts(conversation: Conversation) -> dict[uuid.UUID, list[Part]]:
    rows: dict[uuid.UUID, list[Part]] = defaultdict(list)
    for row in MessagePart.objects.filter(message__conversation=conversation).order_by("number"):
        rows[row.message_id].append(Part(row.kind, row.text))
    return defaultdict(list, {message_id: Reply(parts).parts() for message_id, parts in rows.items()})


def _generations(conversation: Conversation) -> dict[uuid.UUID, list[Generation]]:
    generations = defaultdict(list)
    for generation in Generation.objects.filter(message__conversation=conversation).order_by("number"):
        generations[generation.message_id].append(generation)
    return generations


def _branch(messages: dict[uuid.UUID, Message], leaf: uuid.UUID | None) -> set[uuid.UUID]:
    branch = set()
    while leaf in messages:
        branch.add(leaf)
        leaf = messages[leaf].parent_id
    return branch


def _walk(messages: dict[uuid.UUID, Message]) -> Iterator[Spot]:
    """Depth first, and without recursion: a conversation may be thousands of messages deep."""
    children = defaultdict(list)
    for message in messages.values():
        parent_id = message.parent_id if message.parent_id in messages else None
        children[parent_id].append(message)
    ahead = _spots(children[None], 0)
    while ahead:
        spot = message, _, level = ahead.pop()
        yield spot
        ahead += _spots(children[message.pk], level)


def _spots(siblings: list[Message], level: int) -> list[Spot]:
    """The siblings, last one first, each with its alternatives and its level."""
    spots = []
    for message in reversed(siblings):
        alternatives = [sibling for sibling in siblings if sibling.role == message.role]
        spots.append((message, alternatives, level + (len(alternatives) > 1)))
    return spots
