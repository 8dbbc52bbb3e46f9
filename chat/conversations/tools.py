"""Which tools a model may not call in a conversation, because its owner has turned them off in it."""

import uuid

from django.db import transaction

from chat.conversations.organizing import find_locked
from chat.core.limits import TOOLS_OFF
from chat.errors import Conflict
from chat.i18n import gettext_noop as _
from chat.models.users import UserId


@transaction.atomic
def turn_tool(owner_id: UserId, conversation_id: uuid.UUID, name: str, *, is_on: bool) -> frozenset[str]:
    """From its next answer on. Returns which are off. Raises NotFound, or Conflict if these are too many."""
    conversation = find_locked(owner_id, conversation_id)
    off = conversation.off - {name} if is_on else conversation.off | {name}
    if len(off) > TOOLS_OFF and not is_on:
        raise Conflict(_("So many tools are turned off in this conversation that no more can be."))
    conversation.tools_off = " ".join(sorted(off))
    conversation.save(update_fields=["tools_off"])
    return off
