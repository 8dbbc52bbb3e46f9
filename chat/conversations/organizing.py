"""What becomes of a conversation as a whole: its name, where it is kept, its deletion. Each is safe to repeat."""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from chat.errors import NotFound
from chat.i18n import gettext_noop as _
from chat.models import Conversation, Generation, SearchEntry
from chat.models.locks import lock_owner
from chat.models.users import UserId
from chat.retention.erasure import RESTORABLE


@dataclass(frozen=True, slots=True)
class Flags:
    """Where a conversation is kept; None leaves it as it is."""

    pinned: bool | None = None
    archived: bool | None = None


@transaction.atomic
def rename(owner_id: UserId, conversation_id: uuid.UUID, title: str) -> Conversation:
    """Call it `title`, which no model's title replaces from now on. Raises NotFound."""
    conversation = _find(owner_id, conversation_id)
    conversation.title = title
    conversation.titled_by = Conversation.TitledBy.OWNER
    conversation.save(update_fields=["title", "titled_by"])
    SearchEntry.objects.index_title(conversation)
    return conversation


@transaction.atomic
def set_flags(owner_id: UserId, conversation_id: uuid.UUID, flags: Flags) -> Conversation:
    """Pin it, archive it, or take that back. What is archived is found by the search as before. Raises NotFound."""
    conversation = _find(owner_id, conversation_id)
    if flags.pinned is not None:
        conversation.is_pinned = flags.pinned
    if flags.archived is not None:
        conversation.is_archived = flags.archived
    conversation.save(update_fields=["is_pinned", "is_archived"])
    return conversation


@transaction.atomic
def delete(owner_id: UserId, conversation_id: uuid.UUID) -> list[Generation]:
    """Take it out of sight, to be erased when it can no longer be restored. Raises NotFound.

    Returns those of its generations that still run; who calls stops them. None is begun after this.
    """
    conversation = _find(owner_id, conversation_id, with_deleted=True)
    # The first time counts: to delete again must not put the erasure off.
    conversation.deleted_at = conversation.deleted_at or timezone.now()
    conversation.save(update_fields=["deleted_at"])
    return list(Generation.objects.running().filter(message__conversation=conversation))


@transaction.atomic
def restore(owner_id: UserId, conversation_id: uuid.UUID) -> Conversation:
    """Take its deletion back. Raises NotFound, also when it is being erased or has been."""
    conversation = _find(owner_id, conversation_id, with_deleted=True)
    if conversation.deleted_at and conversation.deleted_at <= timezone.now() - RESTORABLE:
        raise NotFound(_("There is no such conversation among yours."))
    conversation.deleted_at = None
    conversation.save(update_fields=["deleted_at"])
    return conversation


def _find(owner_id: UserId, conversation_id: uuid.UUID, *, with_deleted: bool = False) -> Conversation:
    """One of the owner's, of whose turns and changes this one is alone until its transaction ends."""
    lock_owner(owner_id)
    among = Conversation.with_deleted if with_deleted else Conversation.objects
    conversation: Conversation | None = among.filter(owner_id=owner_id, pk=conversation_id).first()
    if not conversation:
        raise NotFound(_("There is no such conversation among yours."))
    return conversation
