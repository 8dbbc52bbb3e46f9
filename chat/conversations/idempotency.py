"""A turn that is sent twice is stored once: its ids come from the client, and who repeats it joins the first.

A double click and a retry after a lost connection send the same ids. With what else they say the same, they get the
generation that is there; else the ids belong to something else, which is a Conflict.
"""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.db import IntegrityError, transaction

from chat.conversations.turns import Accepted, Question
from chat.errors import NO_CONVERSATION, Conflict, NotFound
from chat.i18n import gettext_noop as _
from chat.models import Message
from chat.models.users import UserId

P = ParamSpec("P")


def retried(function: Callable[P, Accepted]) -> Callable[P, Accepted]:
    """One transaction, and once more if somebody else stored the same id in the meantime."""

    @wraps(function)
    def in_one_transaction(*args: P.args, **kwargs: P.kwargs) -> Accepted:
        try:
            with transaction.atomic():
                return function(*args, **kwargs)
        except IntegrityError:
            with transaction.atomic():
                return function(*args, **kwargs)

    return in_one_transaction


def join_question(owner_id: UserId, conversation_id: uuid.UUID, question: Question, stored: Message) -> Accepted:
    if stored.conversation.owner_id != owner_id or stored.conversation.deleted_at:
        raise NotFound(NO_CONVERSATION)
    same = (stored.conversation_id, stored.parent_id, stored.role, stored.text) == (
        conversation_id,
        question.parent,
        Message.Role.USER,
        question.text,
    )
    attached = stored.attached.order_by("number").values_list("attachment_id", flat=True)
    answer = stored.children.order_by("number").first()
    if not same or tuple(attached) != question.attachments or not answer:
        raise Conflict(_("This id belongs to another message."))
    return join(answer)


def join(answer: Message) -> Accepted:
    generation = answer.generations.order_by("-number").select_related("message__conversation").first()
    if not generation:
        raise Conflict(_("This id belongs to another message."))
    return Accepted(generation, [], is_new=False)
