"""What a user does in a conversation, each in one transaction: ask, have an answer written again or written on,
choose among alternatives.

A turn is stored before the upstream is asked, and its ids come from the client. So a repeated request (a double
click, a retry after a lost connection) finds what the first one stored and joins it.
"""

import math
import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.attachments.prompt_files import (
    attach,
    attachable,
    check_fits,
    fit_to_context,
    prompt_characters,
    with_texts,
)
from chat.conf import settings
from chat.conversations.decisions import check_nothing_waits, decide
from chat.conversations.idempotency import join, join_question, retried
from chat.conversations.notice import check_accepted
from chat.conversations.preferences import preferred
from chat.conversations.turns import Accepted, Continuation, Question, Regeneration
from chat.core.endings import Status
from chat.core.limits import GENERATIONS_PER_MESSAGE
from chat.core.process import process_name
from chat.core.prompt import Options, Turn
from chat.core.reply import TEXT, Part
from chat.errors import BadInput, Conflict, GoneOn, NotFound, TooMany, Unavailable
from chat.i18n import gettext_noop as _
from chat.live import hints
from chat.models import Attachment, Conversation, Generation, Message, MessagePart, SearchEntry, ThrottleEntry
from chat.models.branches import followed, leaf_below
from chat.models.conversation import first_words
from chat.models.generation import LEASE
from chat.models.locks import lock_owner
from chat.models.sql import database_time, find, insert, is_stored
from chat.models.users import UserId
from chat.providers.registry import registry
from chat.signals import announce, message_asked
from chat.usage.quotas import Reserved, estimated_prompt, reserve

MINUTE = timedelta(minutes=1)
WAIT_SECONDS = 5
"""Until an answer may have ended."""


@retried
def ask(owner_id: UserId, conversation_id: uuid.UUID, question: Question, has_room: Callable[[], bool]) -> Accepted:
    """Store a question and a generation for its answer.

    `has_room` says whether this process can take one more generation.
    Raises NotFound, BadInput, Forbidden, Conflict, GoneOn, TooLong, TooMany, OverQuota, Unavailable; then nothing is
    stored and the ids stay free.
    """
    lock_owner(owner_id)
    conversation = Conversation.find_known(conversation_id, question.id)
    if _is_repeated(conversation, question):
        stored = Message.objects.select_related("conversation").get(pk=question.id)
        return join_question(owner_id, conversation_id, question, stored)
    if conversation and (conversation.owner_id != owner_id or conversation.deleted_at):
        raise NotFound
    _check_place(conversation, question)
    _check_limits(owner_id, question, has_room)
    attachments, asks = _attachments_of(owner_id, conversation_id, question)
    if conversation:
        number = _next_number(conversation)
    else:
        conversation = _new_conversation(conversation_id, owner_id, question, attachments)
        number = 1
    asked = Message(
        pk=question.id,
        conversation=conversation,
        parent_id=question.parent,
        role=Message.Role.USER,
        number=number,
    )
    findable = "\n".join([question.text, *(attachment.name for attachment in attachments)])
    SearchEntry.objects.index_question(conversation, question.id, findable)
    MessagePart.store([(asked.pk, [(0, Part(TEXT, question.text))])])
    if attachments:
        attach(asked.pk, conversation.pk, attachments)
    accepted = _answer([asked], asked, uuid.uuid4(), question, number + 1, question.parent, asks)
    announce(
        message_asked,
        Message,
        message=asked,
        generation=accepted.generation,
        message_id=asked.pk,
        conversation_id=conversation.pk,
        generation_id=accepted.generation.pk,
        owner_id=owner_id,
    )
    return accepted


@retried
def regenerate(
    owner_id: UserId, message_id: uuid.UUID, request: Regeneration, has_room: Callable[[], bool]
) -> Accepted:
    """Store a generation for another answer beside `message_id`, or for one to it if it is a question without any.

    Raises as `ask` does.
    """
    lock_owner(owner_id)
    message = Message.objects.of(owner_id).filter(pk=message_id).first()
    if not message:
        raise NotFound
    question = message if message.role == Message.Role.USER else message.parent
    if not question or message.role == Message.Role.SYSTEM:
        raise BadInput(_("Only an answer can be written again."))
    if stored := Message.objects.select_related("conversation").filter(pk=request.id).first():
        if stored.conversation.owner_id != owner_id:
            raise NotFound
        if stored.parent_id != question.pk or stored.role != Message.Role.ASSISTANT or stored == message:
            raise Conflict(_("This id belongs to another message."))
        return join(stored)
    if message == question and question.is_answered:
        raise BadInput(_("Only an answer can be written again."))
    _check_limits(owner_id, request, has_room)
    conversation = message.conversation
    return _answer([], question, request.id, request, _next_number(conversation), question.pk)


@retried
def continue_(
    owner_id: UserId, message_id: uuid.UUID, request: Continuation, has_room: Callable[[], bool]
) -> Accepted:
    """Store a generation that writes on in `message_id`, whose answer was cut or waits for decisions on its calls.

    Raises as `ask` does.
    """
    lock_owner(owner_id)
    mine = Message.objects.of(owner_id).prefetch_related("generations", "parts")
    message = mine.filter(pk=message_id).first()
    last = message and message.generation
    if not message or not last:
        raise NotFound
    if stored := Generation.objects.select_related("message__conversation").filter(pk=request.id).first():
        if stored.owner_id != owner_id:
            raise NotFound
        if stored.message_id != message_id:
            raise Conflict(_("This id belongs to another answer."))
        return Accepted(stored, [], is_new=False)
    if last.is_running:
        raise Conflict(_("This answer is still being written."))
    if not request.decisions:
        check_nothing_waits(message)
    if last.status == Status.COMPLETE or not (message.text or message.has_calls):
        raise Conflict(_("There is nothing to continue here. Ask again, or have the answer written again."))
    if last.number + 1 >= GENERATIONS_PER_MESSAGE:
        raise Conflict(_("This answer has been continued too often. Ask on below it."))
    if message.children.exists():
        raise Conflict(_("The conversation has gone on below this answer, so it cannot be continued."))
    _check_limits(owner_id, request, has_room)
    position, conversation = message.reply.position, message.conversation
    decided = decide(message, request.decisions) if request.decisions else frozenset()
    turns, out = _fitted(conversation, request.model, message_id)
    fields = {"pk": request.id, "number": last.number + 1, "begins_at": position, "left_out": out}
    generation = _new_generation(message, request.model, **fields)
    reserved = _reserve(generation, request, conversation, turns)
    _store(generation)
    conversation.touch(current=message)
    options = _options(conversation, reserved)
    return Accepted(
        generation, turns, is_new=True, options=options, reserved=reserved, written=message, decided=decided
    )


@transaction.atomic
def select(owner_id: UserId, message_id: uuid.UUID) -> Conversation:
    """Put the branch through `message_id` on show, from now on and wherever its conversation is opened.

    Raises NotFound. Its place in the list of conversations stays: to look at something is not to add to it.
    """
    lock_owner(owner_id)
    message = Message.objects.of(owner_id).filter(pk=message_id).first()
    if not message:
        raise NotFound
    conversation: Conversation = message.conversation
    conversation.show(message)
    return conversation


def _is_repeated(conversation: Conversation | None, question: Question) -> bool:
    """Is there a message with its id, here or anywhere?"""
    known = conversation and conversation.known
    return known.is_repeated if known else is_stored(Message, question.id)


def _attachments_of(owner_id: UserId, conversation_id: uuid.UUID, question: Question) -> tuple[list[Attachment], Turn]:
    """What a question bears, and itself as a model is to be asked it."""
    if not question.attachments:
        return [], Turn(Message.Role.USER, question.text)
    attachments = attachable(owner_id, conversation_id, question.attachments, question.model, question.rights)
    named = tuple(attachment.in_prompt for attachment in attachments)
    (turn,) = with_texts([Turn(Message.Role.USER, question.text, named)])
    check_fits(turn, question.model)
    return attachments, turn


def _new_conversation(
    conversation_id: uuid.UUID, owner_id: UserId, question: Question, attachments: list[Attachment]
) -> Conversation:
    named = attachments[0].name if attachments else ""
    return Conversation(
        pk=conversation_id,
        owner_id=owner_id,
        title=first_words(question.text) or first_words(named),
        is_temporary=question.temporary,
        tools_off=" ".join(question.tools_off),
        **asdict(question.options or preferred(owner_id)),
    )


def _check_place(conversation: Conversation | None, question: Question) -> None:
    """Raises GoneOn if there is something below what its writer takes for the end."""
    if question.parent:
        _check_parent(conversation, question.parent, question.leaf)
    elif conversation and question.leaf and find(Message, parent_id=question.leaf, conversation_id=conversation.pk):
        raise GoneOn(leaf_below(question.leaf), conversation.pk)


def _check_parent(conversation: Conversation | None, parent_id: uuid.UUID, leaf_id: uuid.UUID | None) -> None:
    parent = conversation and followed(conversation.pk, parent_id, leaf_id)
    if not conversation or not parent:
        raise NotFound(_("The message that this one answers is not in this conversation."))
    if parent.role == Message.Role.USER and parent.is_answered:
        raise BadInput(_("A question follows an answer."), fields={"parent": _("This is not an answer.")})
    if parent.is_running:
        raise Conflict(_("The answer above is still being written. Wait for its end, or stop it."))
    if parent.has_calls:
        check_nothing_waits(Message.objects.get(pk=parent_id))
    if leaf_id and parent.has_gone_on:
        raise GoneOn(leaf_below(leaf_id), conversation.pk)


def _check_limits(
    owner_id: UserId, wish: Question | Regeneration | Continuation, has_room: Callable[[], bool]
) -> None:
    """What is written is counted by provider: one that hangs takes no room from the others."""
    check_accepted(owner_id)
    registry().check_offered(wish.model, wish.rights)
    live = settings.CHAT_LIVE_PER_USER
    if live and Generation.objects.count_running(owner_id, registry()[wish.model].provider.name) >= live:
        raise TooMany(
            _(
                "%(limit)s of your answers are being written already. Wait for one to end, or stop it. "
                "Try again in %(wait)s s."
            ),
            values={"limit": live, "wait": WAIT_SECONDS},
            retry_after=WAIT_SECONDS,
        )
    allowed = settings.CHAT_MESSAGES_PER_MINUTE
    if allowed:
        now = timezone.now()
        if first := ThrottleEntry.objects.nth_since(allowed, owner_id, now - MINUTE, now):
            wait = max(1, math.ceil((first + MINUTE - now).total_seconds()))
            raise TooMany(
                _("That was %(limit)s messages in a minute. Send it again in %(wait)s s."),
                values={"limit": allowed, "wait": wait},
                retry_after=wait,
            )
    if not has_room():
        raise Unavailable(
            _("As many answers as this server can take are being written. Try again in %(wait)s s."),
            values={"wait": WAIT_SECONDS},
            retry_after=WAIT_SECONDS,
        )


def _answer(
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
    turns, out = _fitted(conversation, wish.model, leaf_id, *asks)
    generation = _new_generation(answer, wish.model, left_out=out)
    reserved = _reserve(generation, wish, conversation, turns)
    _store(generation)
    conversation.touch(current=answer)
    return Accepted(generation, turns, is_new=True, options=_options(conversation, reserved), reserved=reserved)


def _reserve(
    generation: Generation, wish: Question | Regeneration | Continuation, conversation: Conversation, turns: list[Turn]
) -> Reserved | None:
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


def _next_number(conversation: Conversation) -> int:
    return conversation.last_number() + 1
