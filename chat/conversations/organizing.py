"""What becomes of a conversation as a whole: its name, where it is kept, its deletion. Each is safe to repeat."""

import uuid
from dataclasses import dataclass

from django.db import transaction

from chat.errors import NO_CONVERSATION, NotFound
from chat.live import hints
from chat.models import Conversation, SearchEntry
from chat.models.locks import lock_owner
from chat.models.users import UserId


@dataclass(frozen=True, slots=True)
class Flags:
    """Where a conversation is kept; None leaves it as it is."""

    pinned: bool | None = None
    archived: bool | None = None


@transaction.atomic
def rename(owner_id: UserId, conversation_id: uuid.UUID, title: str) -> Conversation:
    """Call it `title`, which no model's title replaces from now on. Raises NotFound."""
    conversation = find_locked(owner_id, conversation_id)
    conversation.title = title
    conversation.titled_by = Conversation.TitledBy.OWNER
    conversation.save(update_fields=["title", "titled_by"])
    SearchEntry.objects.index_title(conversation)
    hints.entry_changed(owner_id, conversation_id)
    return conversation


@transaction.atomic
def set_flags(owner_id: UserId, conversation_id: uuid.UUID, flags: Flags) -> Conversation:
    """Pin it, archive it, or take that back. What is archived is found by the search as before. Raises NotFound."""
    conversation = find_locked(owner_id, conversation_id)
    if flags.pinned is not None:
        conversation.is_pinned = flags.pinned
    if flags.archived is not None:
        conversation.is_archived = flags.archived
    conversation.save(update_fields=["is_pinned", "is_archived"])
    hints.list_changed(owner_id)
    return conversation


def find_owned(owner_id: UserId, conversation_id: uuid.UUID) -> Conversation:
    """One of the owner's. Raises NotFound."""
    conversation = Conversation.find_owned(owner_id, conversation_id)
    if not conversation:
        raise NotFound(NO_CONVERSATION)
    return conversation


def find_locked(owner_id: UserId, conversation_id: uuid.UUID, *, with_deleted: bool = False) -> Conversation:
    """One of the owner's, of whose turns and changes this one is alone until its transaction ends. Raises NotFound."""
    lock_owner(owner_id)
    among = Conversation.with_deleted if with_deleted else Conversation.objects
    mine = among.filter(owner_id=owner_id, pk=conversation_id).select_for_update()
    conversation: Conversation | None = mine.first()
    if not conversation:
        raise NotFound(NO_CONVERSATION)
    return conversation
