"""Legal holds: what is under one is erased by nobody and nothing, until it is lifted.

Theory. A hold is of a user, with all that they own, or of a conversation. Who erases first takes the lock of the
owner's row (chat/models/locks.py), and then looks for holds; who places one takes the same lock, and then looks
whether an erasure has been recorded. So of a hold and an erasure at the same moment one comes first, on every
database: if it is the hold, nothing is erased; if it is the erasure, that is finished, and the hold is refused, in
words. (A hold of a user does not stop the erasure of single conversations that had begun.) What a user has deleted,
and what is only waiting to be erased, is kept by a hold as well: it stays out of sight, as it was.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from chat import audit
from chat.errors import Conflict, Held, NotLoggedIn
from chat.i18n import gettext_noop as _
from chat.models import Conversation, Hold
from chat.models.attachment import AttachmentQuerySet
from chat.models.conversation import ERASING, ConversationQuerySet
from chat.models.locks import lock_owner

TOO_LATE = _("Its erasure has begun already, so it can no longer be held.")


def is_held(owner_id: Any, conversation_id: uuid.UUID | None = None) -> bool:
    """Is this user under a hold, or this conversation of theirs?"""
    held = Q(user=owner_id) | Q(conversation=conversation_id) if conversation_id else Q(user=owner_id)
    return Hold.objects.in_force().filter(held).exists()


def check_not_held(owner_id: Any, conversation_id: uuid.UUID | None = None) -> None:
    """Before something of them is erased, under the owner's lock. Raises Held."""
    if is_held(owner_id, conversation_id):
        raise Held


def check_none_held(conversations: ConversationQuerySet) -> None:
    """The same of several: all or none. Raises Held."""
    if held(conversations).exists():
        raise Held


def check_no_user_held(user_ids: Iterable[Any]) -> None:
    """Before accounts are erased: neither they nor any conversation of theirs is under a hold. Raises Held."""
    ids = list(user_ids)
    if Hold.objects.in_force().filter(Q(user__in=ids) | Q(conversation__owner__in=ids)).exists():
        raise Held


def held(conversations: ConversationQuerySet) -> ConversationQuerySet:
    """Those of these that nobody may erase. What is being erased already is not among them."""
    return conversations.filter(_under_hold()).exclude(deleted_at=ERASING)


def without_held(conversations: ConversationQuerySet) -> ConversationQuerySet:
    """The others."""
    return conversations.filter(Q(deleted_at=ERASING) | ~_under_hold())


def files_without_held(attachments: AttachmentQuerySet) -> AttachmentQuerySet:
    """Of files that belong to no conversation those whose owner is not under a hold."""
    return attachments.exclude(Exists(Hold.objects.in_force().filter(user=OuterRef("owner"))))


@transaction.atomic
def place(by: Any, reason: str, *, owner_id: Any, conversation_id: uuid.UUID | None = None) -> Hold:
    """Hold all of this owner's, or this conversation. Raises Conflict where its erasure has begun."""
    try:
        lock_owner(owner_id)
    except NotLoggedIn as exc:
        raise Conflict(TOO_LATE) from exc
    of: dict[str, Any] = {"user_id": owner_id}
    if conversation_id:
        _lock_conversation(owner_id, conversation_id)
        of = {"conversation_id": conversation_id, "conversation_key": str(conversation_id)}
    of_it = Conversation.with_deleted.filter(owner=owner_id, **({"pk": conversation_id} if conversation_id else {}))
    of_it.filter(due_at__isnull=False).update(due_at=None)  # its page says no more that it goes
    hold = Hold.objects.create(reason=reason, owner_key=str(owner_id), placed_by_key=str(by.pk), **of)
    audit.note(audit.Action.HOLD, by, hold, **_said(hold), is_placed=True)
    return hold


@transaction.atomic
def lift(hold_id: int, by: Any) -> bool:
    """Let go what it held. False if somebody has done so already."""
    hold = Hold.objects.in_force().filter(pk=hold_id).select_for_update().first()
    if not hold:
        return False
    hold.user = hold.conversation = None
    hold.lifted_at, hold.lifted_by_key = timezone.now(), str(by.pk)
    hold.save(update_fields=["user", "conversation", "lifted_at", "lifted_by_key"])
    audit.note(audit.Action.HOLD, by, hold, **_said(hold), is_placed=False)
    return True


def forget_reasons(owner_id: Any) -> None:
    """Why something of somebody was held, who is erased, may say who they were. All of it is lifted by now."""
    Hold.objects.filter(owner_key=str(owner_id)).update(reason=audit.ERASED)


def _lock_conversation(owner_id: Any, conversation_id: uuid.UUID) -> None:
    rows = Conversation.with_deleted.filter(owner_id=owner_id, pk=conversation_id).exclude(deleted_at=ERASING)
    if not rows.select_for_update().values_list("pk").first():
        raise Conflict(TOO_LATE)


def _under_hold() -> Q:
    in_force = Hold.objects.in_force()
    return Q(Exists(in_force.filter(conversation=OuterRef("pk")))) | Q(Exists(in_force.filter(user=OuterRef("owner"))))


def _said(hold: Hold) -> dict[str, str]:
    return {"owner": hold.owner_key, "conversation": hold.conversation_key}
