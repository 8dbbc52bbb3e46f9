"""What a user does in a conversation, each in one transaction: ask, have an answer written again or written on,
choose among alternatives.

A turn is stored before the upstream is asked, and its ids come from the client. So a repeated request (a double
click, a retry after a lost connection) finds what the first one stored and joins it.
"""

import uuid
from collections.abc import Callable
from dataclasses import asdict

from django.db import transaction

from chat.attachments.prompt_files import attach, attachable, check_fits, with_texts
from chat.conversations.answers import answer_to, write_on
from chat.conversations.decisions import check_nothing_waits, decide
from chat.conversations.idempotency import join, join_question, retried
from chat.conversations.limits import check_limits
from chat.conversations.preferences import preferred
from chat.conversations.turns import Accepted, Continuation, Question, Regeneration
from chat.core.endings import Status
from chat.core.limits import GENERATIONS_PER_MESSAGE
from chat.core.prompt import Turn
from chat.core.reply import TEXT, Part
from chat.errors import NO_CONVERSATION, BadInput, Conflict, GoneOn, NotFound
from chat.i18n import gettext_noop as _
from chat.models import Attachment, Conversation, Generation, Message, MessagePart, SearchEntry
from chat.models.branches import followed, leaf_below
from chat.models.conversation import first_words
from chat.models.locks import lock_owner
from chat.models.sql import find, is_stored
from chat.models.users import UserId
from chat.signals import announce, message_asked


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
        raise NotFound(NO_CONVERSATION)
    _check_place(conversation, question)
    check_limits(owner_id, question, has_room)
    attachments, asks = _attachments_of(owner_id, conversation_id, question)
    number = _next_number(conversation) if conversation else 1
    conversation = conversation or _new_conversation(conversation_id, owner_id, question, attachments)
    asked = Message(
        pk=question.id, conversation=conversation, parent_id=question.parent, role=Message.Role.USER, number=number
    )
    _store_content(asked, question, attachments)
    accepted = answer_to([asked], asked, uuid.uuid4(), question, number + 1, question.parent, asks)
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
        raise NotFound(NO_CONVERSATION)
    question = message if message.role == Message.Role.USER else message.parent
    if not question or message.role == Message.Role.SYSTEM:
        raise BadInput(_("Only an answer can be written again."))
    if stored := Message.objects.select_related("conversation").filter(pk=request.id).first():
        if stored.conversation.owner_id != owner_id:
            raise NotFound(NO_CONVERSATION)
        if stored.parent_id != question.pk or stored.role != Message.Role.ASSISTANT or stored == message:
            raise Conflict(_("This id belongs to another message."))
        return join(stored)
    if message == question and question.is_answered:
        raise BadInput(_("Only an answer can be written again."))
    check_limits(owner_id, request, has_room)
    conversation = message.conversation
    return answer_to([], question, request.id, request, _next_number(conversation), question.pk)


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
        raise NotFound(NO_CONVERSATION)
    if stored := Generation.objects.select_related("message__conversation").filter(pk=request.id).first():
        if stored.owner_id != owner_id:
            raise NotFound(NO_CONVERSATION)
        if stored.message_id != message_id:
            raise Conflict(_("This id belongs to another answer."))
        return Accepted(stored, [], is_new=False)
    _check_continuable(message, last, request)
    check_limits(owner_id, request, has_room)
    position = message.reply.position
    decided = decide(message, request.decisions) if request.decisions else frozenset()
    return write_on(message, request, last.number + 1, position, decided)


@transaction.atomic
def select(owner_id: UserId, message_id: uuid.UUID) -> Conversation:
    """Put the branch through `message_id` on show, from now on and wherever its conversation is opened.

    Raises NotFound. Its place in the list of conversations stays: to look at something is not to add to it.
    """
    lock_owner(owner_id)
    message = Message.objects.of(owner_id).filter(pk=message_id).first()
    if not message:
        raise NotFound(NO_CONVERSATION)
    conversation: Conversation = message.conversation
    conversation.show(message)
    return conversation


def _is_repeated(conversation: Conversation | None, question: Question) -> bool:
    """Is there a message with its id, here or anywhere?"""
    known = conversation and conversation.known
    return known.is_repeated if known else is_stored(Message, question.id)


def _store_content(asked: Message, question: Question, attachments: list[Attachment]) -> None:
    """What it says and bears, and the words by which it is found."""
    findable = "\n".join([question.text, *(attachment.name for attachment in attachments)])
    SearchEntry.objects.index_question(asked.conversation, asked.pk, findable)
    MessagePart.store([(asked.pk, [(0, Part(TEXT, question.text))])])
    if attachments:
        attach(asked.pk, asked.conversation_id, attachments)


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


def _check_continuable(message: Message, last: Generation, request: Continuation) -> None:
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


def _next_number(conversation: Conversation) -> int:
    return conversation.last_number() + 1
