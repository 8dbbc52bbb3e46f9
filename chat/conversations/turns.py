"""Turns as they were sent: a question, a wish for another answer, or for more of one; and what comes of them."""

import uuid
from dataclasses import dataclass

from chat.core.prompt import NO_OPTIONS, Options, Turn
from chat.core.rights import ALL, Rights
from chat.models import Generation, Message
from chat.usage.quotas import Reserved


@dataclass(frozen=True, slots=True)
class Question:
    """A user's message as it was sent. `parent` is the message it answers; None begins a conversation."""

    id: uuid.UUID
    text: str
    parent: uuid.UUID | None
    model: str
    leaf: uuid.UUID | None = None
    """The last message that its writer sees, where it is to follow that; None: wherever it stands is meant."""
    options: Options | None = None
    """Of the conversation, if this makes it; None: those that its owner prefers."""
    temporary: bool = False
    """Is the conversation temporary that it may make?"""
    attachments: tuple[uuid.UUID, ...] = ()
    """The ids of files, in their order."""
    tools_off: tuple[str, ...] = ()
    """The names of tools that are off in the conversation that it may make."""
    rights: Rights = ALL
    """Of who asks, here and below."""


@dataclass(frozen=True, slots=True)
class Regeneration:
    """A request for another answer; `id` becomes the new assistant message's."""

    id: uuid.UUID
    model: str
    rights: Rights = ALL


@dataclass(frozen=True, slots=True)
class Answered:
    """What its user says to a call that waits."""

    call: str
    answer: str
    """`yes` or `no`."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Continuation:
    """A request that an answer be written on; `id` becomes the new generation's."""

    id: uuid.UUID
    model: str
    rights: Rights = ALL
    decisions: tuple[Answered, ...] = ()
    """On all calls of tools that wait for one (docs/protocol.md)."""


Wish = Question | Regeneration | Continuation
"""Each has a `model` that is to answer, and the `rights` of who asks."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A generation, and what its model is to be asked. `is_new` is False where a repeated request joined it."""

    generation: Generation
    turns: list[Turn]
    is_new: bool
    options: Options = NO_OPTIONS
    """As the conversation has them now, with a limit to its length where a quota holds."""
    reserved: Reserved | None = None
    """Of a quota."""
    written: Message | None = None
    """The message that it continues."""
    decided: frozenset[str] = frozenset()
    """The ids of calls that were said yes to with it, so that they run now; none else that was said yes to does."""
