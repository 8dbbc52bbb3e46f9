"""Temporary conversations: left, come back to, or kept after all. When they are erased: chat/retention/expiry.py."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from chat.errors import NO_CONVERSATION, NotFound
from chat.live import hints
from chat.models import Conversation
from chat.models.conversation import ConversationQuerySet
from chat.models.sql import prepared, scalar

LEFT = {
    "conversation_id": "SELECT id FROM chat_conversation WHERE left_at IS NOT NULL AND id = %s",
    "message_id": "SELECT c.id FROM chat_conversation c JOIN chat_message m ON m.conversation_id = c.id "
    "WHERE c.left_at IS NOT NULL AND m.id = %s",
    "generation_id": "SELECT c.id FROM chat_conversation c JOIN chat_message m ON m.conversation_id = c.id "
    "JOIN chat_generation g ON g.message_id = m.id WHERE c.left_at IS NOT NULL AND g.id = %s",
    "attachment_id": "SELECT c.id FROM chat_conversation c JOIN chat_attachment a ON a.conversation_id = c.id "
    "WHERE c.left_at IS NOT NULL AND a.id = %s",
}
"""By the name of an id in an address: all of them are UUIDs. Each request asks, so it is a statement and no more."""


def leave(owner_id: Any, conversation_id: uuid.UUID) -> None:
    """Its page was left. One that is kept stays as it is. Raises NotFound."""
    _own(owner_id, conversation_id).filter(is_temporary=True).update(left_at=timezone.now())


def find_left(ids: Mapping[str, Any]) -> Any:
    """The conversation that a request is about, by the ids in its address, if that was left; else None."""
    for name, statement in LEFT.items():
        if name in ids and (found := scalar(statement, prepared(Conversation, "id", ids[name]))):
            return found
    return None


def come_back(owner_id: Any, conversation_id: Any) -> None:
    """Its page is open again, or still, as after a reload."""
    Conversation.objects.filter(pk=conversation_id, owner=owner_id).update(left_at=None)


def keep(owner_id: Any, conversation_id: uuid.UUID) -> Conversation:
    """It is a conversation like any other from now on. Raises NotFound, also if it is being erased."""
    own = _own(owner_id, conversation_id)
    own.update(is_temporary=False, left_at=None)
    kept: Conversation | None = own.first()  # the update has waited for an erasure, if there was one
    if not kept:
        raise NotFound(NO_CONVERSATION)
    hints.list_changed(owner_id)
    return kept


def _own(owner_id: Any, conversation_id: uuid.UUID) -> ConversationQuerySet:
    own: ConversationQuerySet = Conversation.objects.filter(owner=owner_id, pk=conversation_id)
    if not own.exists():
        raise NotFound(NO_CONVERSATION)
    return own
