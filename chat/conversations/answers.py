"""An answer that is to be written: its generation, what its model is told, and what is reserved for it."""

import uuid
from dataclasses import replace
from typing import Any

from chat.attachments.prompt_files import fit_to_context, prompt_characters
from chat.conf import settings
from chat.conversations.turns import Accepted, Continuation, Question, Regeneration, Wish
from chat.core.process import process_name
from chat.core.prompt import Options, Turn
from chat.live import hints
from chat.models import Conversation, Generation, Message, ThrottleEntry
from chat.models.generation import LEASE
from chat.models.sql import database_time, insert
from chat.providers.registry import registry
from chat.usage.quotas import Reserved, estimated_prompt, reserve


def answer_to(
    new: list[Message],
    question: Message,
    answer_id: uuid.UUID,
    wish: Question | Regeneration,
    number: int,
    leaf_id: uuid.UUID | None,
    *asks: Turn,
) -> Accepted:
    """Store an answer to `question`, with the `new` messages above it. Foreign keys are checked at the very end.

    The model of the `wish` is told the branch to `leaf_id`, and then what it `asks`.
    """
    conversation = question.conversation
    answer = Message(
        pk=answer_id,
        conversation=conversation,
        parent=question,
        role=Message.Role.ASSISTANT,
        number=number,
    )
    insert([*new, answer])
    return _begin(answer, wish, _fitted(conversation, wish.model, leaf_id, *asks))


def write_on(answer: Message, wish: Continuation, number: int, position: int, decided: frozenset[str]) -> Accepted:
    """Store its next generation, by its number, which begins at this position; `decided`: as in Accepted."""
    told = _fitted(answer.conversation, wish.model, answer.pk)
    begun = _begin(answer, wish, told, pk=wish.id, number=number, begins_at=position)
    return replace(begun, written=answer, decided=decided)


def _begin(answer: Message, wish: Wish, told: tuple[list[Turn], int], **fields: Any) -> Accepted:
    """Store a generation with these fields, whose model is told what `_fitted` gives."""
    conversation, (turns, left_out) = answer.conversation, told
    generation = _new_generation(answer, wish.model, left_out=left_out, **fields)
    reserved = _reserve(generation, wish, conversation, turns)
    _store(generation)
    conversation.touch(current=answer)
    return Accepted(generation, turns, is_new=True, options=_options(conversation, reserved), reserved=reserved)


def _reserve(generation: Generation, wish: Wish, conversation: Conversation, turns: list[Turn]) -> Reserved | None:
    """Of its owner's quotas. Raises OverQuota, Forbidden."""
    if not wish.rights.under_quotas:
        return None
    besides = settings.CHAT_SYSTEM_PROMPT + conversation.system_prompt
    return reserve(generation, estimated_prompt(turns, besides), conversation.max_tokens)


def _options(conversation: Conversation, reserved: Reserved | None) -> Options:
    """Where something is reserved for an answer, its length is limited in any case."""
    options = conversation.options
    return replace(options, max_tokens=reserved.output) if reserved else options


def _fitted(conversation: Conversation, model: str, leaf_id: uuid.UUID | None, *asks: Turn) -> tuple[list[Turn], int]:
    """The last turns to `leaf_id`, and what it `asks`, as many as a prompt has room for; and how many it has not."""
    besides = settings.CHAT_SYSTEM_PROMPT + conversation.system_prompt
    turns, unread = conversation.turns(leaf_id, prompt_characters(model)) if leaf_id else ([], 0)
    if leaf_id and unread and not any(turn.role == Message.Role.USER for turn in [*turns, *asks]):
        turns, unread = conversation.turns(leaf_id)  # the last question is never left out
    return fit_to_context([*turns, *asks], model, besides, unread)


def _new_generation(answer: Message, model: str, **fields: Any) -> Generation:
    owner_id = answer.conversation.owner_id
    lease = database_time() + LEASE
    known = registry()[model]
    conversation = answer.conversation
    conversation.model, conversation.provider = known.key, known.provider.name
    return Generation(
        message=answer,
        owner_id=owner_id,
        model=known.key,
        provider=known.provider.name,
        label=known.label,
        lease_until=lease,
        process=process_name(),
        **fields,
    )


def _store(generation: Generation) -> None:
    answer, owner_id = generation.message, generation.owner_id
    insert([generation])
    hints.went_on(owner_id, answer.conversation_id, answer.pk, generation.pk)
    if settings.CHAT_MESSAGES_PER_MINUTE:
        insert([ThrottleEntry(owner_id=owner_id, at=generation.created_at)])
