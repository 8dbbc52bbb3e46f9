"""What the owner of a conversation says about an answer in it: that it is good or bad, and why."""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from chat.errors import NO_CONVERSATION, BadInput, Conflict, NotFound
from chat.i18n import gettext_noop as _
from chat.models import Feedback, Message
from chat.models.locks import lock_owner
from chat.models.users import UserId
from chat.retention.holds import check_not_held


@dataclass(frozen=True, slots=True)
class Opinion:
    """`value` is `up`, `down`, or empty to withdraw what was said; without a `comment` the one that is there stays."""

    value: str
    comment: str | None = None


@transaction.atomic
def give(owner_id: UserId, message_id: uuid.UUID, opinion: Opinion) -> Feedback:
    """Store an opinion of an answer, in place of the one before. The result is not stored if that was withdrawn.

    Raises NotFound, BadInput, Conflict; and Held, where words of before would go that are under a hold.
    """
    lock_owner(owner_id)  # so that no hold is placed meanwhile
    message = _answer(owner_id, message_id)
    feedback = Feedback.objects.filter(message=message).first() or Feedback()
    feedback.message = message
    if _erases(opinion, feedback):
        check_not_held(owner_id, message.conversation_id)
    if not opinion.value:
        return _withdrawn(feedback)
    feedback.value = opinion.value
    feedback.comment = feedback.comment if opinion.comment is None else opinion.comment
    feedback.updated_at = timezone.now()
    feedback.save(force_insert=feedback.pk is None, force_update=feedback.pk is not None)
    return feedback


def _answer(owner_id: UserId, message_id: uuid.UUID) -> Message:
    """Locked, so that of two requests at once the second finds what the first has stored."""
    mine = Message.objects.of(owner_id).filter(pk=message_id)
    message = mine.select_related("conversation").select_for_update(of=["self"]).first()
    if not message:
        raise NotFound(NO_CONVERSATION)
    if message.role != Message.Role.ASSISTANT:
        raise BadInput(_("Feedback can be given on answers only."))
    if message.generations.running().exists():
        raise Conflict(_("This answer is still being written. Wait for its end, or stop it."))
    return message


def _erases(opinion: Opinion, said: Feedback) -> bool:
    """Does it take away something that was said before?"""
    is_rewritten = bool(said.comment) and opinion.comment not in (None, said.comment)
    return said.pk is not None and (not opinion.value or is_rewritten)


def _withdrawn(feedback: Feedback) -> Feedback:
    Feedback.objects.filter(message=feedback.message).delete()
    return Feedback(message=feedback.message)
