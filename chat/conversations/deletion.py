"""A conversation that is deleted goes out of sight, can be restored for a while, and is then erased (retention/)."""

import uuid

from django.db import transaction
from django.utils import timezone

from chat.conversations.organizing import find_locked
from chat.errors import NO_CONVERSATION, NotFound
from chat.live import hints
from chat.models import Conversation, Generation
from chat.models.users import UserId
from chat.retention.erasure import RESTORABLE
from chat.retention.holds import check_not_held
from chat.retention.vacuum import despite_full_disk


@despite_full_disk
@transaction.atomic
def delete(owner_id: UserId, conversation_id: uuid.UUID) -> list[Generation]:
    """Take it out of sight, to be erased when it can no longer be restored. Raises NotFound, and Held.

    Returns those of its generations that still run; who calls stops them. None is begun after this.
    """
    conversation = find_locked(owner_id, conversation_id, with_deleted=True)
    check_not_held(owner_id, conversation_id)
    # The first time counts: to delete again must not put the erasure off.
    conversation.deleted_at = conversation.deleted_at or timezone.now()
    conversation.save(update_fields=["deleted_at"])
    hints.entry_changed(owner_id, conversation_id)
    return list(Generation.objects.running().filter(message__conversation=conversation))


def restorable(owner_id: UserId, conversation_id: uuid.UUID) -> Conversation | None:
    """What was deleted, if that can be taken back. What is being erased, or imported, is not."""
    since = timezone.now() - RESTORABLE
    return Conversation.with_deleted.filter(owner_id=owner_id, pk=conversation_id, deleted_at__gt=since).first()


@transaction.atomic
def restore(owner_id: UserId, conversation_id: uuid.UUID) -> Conversation:
    """Take its deletion back. Raises NotFound, also when it is being erased or has been."""
    conversation = find_locked(owner_id, conversation_id, with_deleted=True)
    if conversation.deleted_at and conversation.deleted_at <= timezone.now() - RESTORABLE:
        raise NotFound(NO_CONVERSATION)
    conversation.deleted_at = None
    conversation.save(update_fields=["deleted_at"])
    hints.list_changed(owner_id)
    return conversation
