"""What a conversation asks of its model, and what its owner wants new ones to begin with."""

import uuid
from dataclasses import asdict

from chat.core.prompt import NO_OPTIONS, Options
from chat.errors import NO_CONVERSATION, NotFound
from chat.models import Conversation, Preferences
from chat.models.sql import find
from chat.models.users import UserId


def set_options(owner_id: UserId, conversation_id: uuid.UUID, options: Options) -> None:
    """From its next answer on. Raises NotFound."""
    mine = Conversation.objects.filter(owner=owner_id, pk=conversation_id)
    if not mine.update(**asdict(options)):
        raise NotFound(NO_CONVERSATION)


def preferred(owner_id: UserId) -> Options:
    """What a new conversation of theirs begins with."""
    preferences = find(Preferences, user_id=owner_id)
    return preferences.options if preferences else NO_OPTIONS


def prefer(owner_id: UserId, options: Options) -> None:
    Preferences.objects.update_or_create(user_id=owner_id, defaults=asdict(options))
