"""Temporary conversations: left, come back to, or kept after all. When they are erased: chat/retention/expiry.py."""

import uuid
from typing import Any

from django.utils import timezone

from chat.errors import NotFound
from chat.i18n import gettext_noop as _
from chat.models import Conversation
from chat.models.conversation import ConversationQuerySet

GONE = _("There is no such conversation among yours.")


def leave(owner_id: Any, conversation_id: uuid.UUID) -> None:
    """Its page was left. One that is kept stays as it is. Raises NotFound."""
    _own(owner_id, conversation_id).filter(is_temporary=True).update(left_at=timezone.now())


def come_back(conversation: Conversation) -> None:
    """Its page is open again, or still, as after a reload."""
    if conversation.left_at:
        Conversation.objects.filter(pk=conversation.pk).update(left_at=None)


def keep(owner_id: Any, conversation_id: uuid.UUID) -> Conversation:
    """It is a conversation like any other from now on. Raises NotFound, also if it is being erased."""
    own = _own(owner_id, conversation_id)
    own.update(is_temporary=False, left_at=None)
    kept: Conversation | None = own.first()  # the update has waited for an erasure, if there was one
    if not kept:
        raise NotFound(GONE)
    return kept


def _own(owner_id: Any, conversation_id: uuid.UUID) -> ConversationQuerySet:
    own: ConversationQuerySet = Conversation.objects.filter(owner=owner_id, pk=conversation_id)
    if not own.exists():
        raise NotFound(GONE)
    return own
