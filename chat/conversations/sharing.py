"""Sharing: a branch as it is now, for whoever has its link.

A snapshot holds what its page shows and nothing else: questions, answers, names of models, and how an answer ended.
Who asked, what was reasoned, what readers think of an answer and what the model was instructed to stay out of it. Of
attached files it says how many there were.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chat.core.endings import Status
from chat.errors import Conflict, NotFound, TooLong
from chat.i18n import gettext_noop as _
from chat.models import Conversation, Message, Share
from chat.models.conversation import first_words
from chat.models.locks import lock_owner
from chat.models.users import UserId

SHARED_DAYS = (1, 7, 30)
"""How long a link may live, if not until it is revoked."""
MOST_LINKS = 200
"""Of one user."""
MOST_CHARACTERS = 2_000_000
"""In one snapshot: a page that anybody may ask for."""


@transaction.atomic
def share(owner_id: UserId, conversation_id: UUID, days: int | None) -> Share:
    """A link to the branch on show of the owner's conversation. Raises NotFound, Conflict or TooLong."""
    lock_owner(owner_id)
    conversation = Conversation.objects.filter(pk=conversation_id, owner=owner_id).first()
    if not conversation:
        raise NotFound(_("There is no such conversation among yours."))
    if conversation.is_temporary:
        raise Conflict(_("A temporary conversation cannot be shared."))
    Share.objects.of(owner_id).ended().delete()
    if Share.objects.of(owner_id).count() >= MOST_LINKS:
        raise Conflict(_("You have %(limit)s links. Revoke one of them first."), values={"limit": MOST_LINKS})
    branch = conversation.branch()
    return Share.objects.create(
        conversation=conversation,
        title=_title(conversation, branch),
        snapshot=_snapshot(branch),
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )


def shared(token: str) -> Share:
    """What a link shows, in one query. Raises NotFound if it was never made, was revoked or has ended."""
    share = Share.objects.live().filter(token=token).first()
    if not share:
        raise NotFound(_("There is no such link, or it is no longer shared."))
    return share


def revoke(owner_id: UserId, token: str) -> None:
    """Let a link of this owner show nothing from now on. Raises NotFound."""
    if not Share.objects.of(owner_id).filter(token=token).delete()[0]:
        raise NotFound(_("There is no such link among yours."))


def _title(conversation: Conversation, branch: Sequence[Message]) -> str:
    """What its owner has called it, else words that are shown.

    Words that stand for a title may be those of a version that is not shown, or the name of a file; and so may be
    those that the model made its title of, unless the first question and its answer have no other version.
    """
    by_model = conversation.titled_by == Conversation.TitledBy.MODEL and not _has_versions(branch)
    if by_model or conversation.titled_by == Conversation.TitledBy.OWNER:
        return conversation.title
    question = next((message for message in branch if message.role == Message.Role.USER), None)
    return first_words(question.text) if question else ""


def _has_versions(branch: Sequence[Message]) -> bool:
    """Of what a title is made of: the first question and its answer."""
    first = [message for message in branch if message.role != Message.Role.SYSTEM][:2]
    return any(message.siblings().count() > 1 for message in first)


def _snapshot(branch: Sequence[Message]) -> dict[str, object]:
    messages = [message for message in branch if message.role != Message.Role.SYSTEM]
    if not messages:
        raise Conflict(_("There is nothing in this conversation yet that could be shared."))
    if any(message.generation and message.generation.is_running for message in messages):
        raise Conflict(_("An answer is still being written. Share the conversation when it is finished."))
    if sum(len(message.text) for message in messages) > MOST_CHARACTERS:
        raise TooLong(_("This conversation is too long to be shared."))
    return {"messages": [_said(message) for message in messages]}


def _said(message: Message) -> dict[str, str | int]:
    generation = message.generation
    return {
        "role": message.role,
        "text": message.text,
        "model": generation.model_title if generation else "",
        "status": generation.status if generation else Status.COMPLETE,
        "attached": len(message.attachments),
    }
