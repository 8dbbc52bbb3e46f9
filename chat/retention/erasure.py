"""Erasing: conversations, and accounts, that are gone for good with all that belongs to them.

Theory. First what is to be erased is hidden, in one short transaction: nobody finds it any more, nothing new begins in
it, and of answers that are being written the generations are gone. Whoever writes such an answer, in whichever
process, finds that out with its next checkpoint and writes nothing back. Then attachments are deleted, a few at a time
because they are large, and messages in batches, last ones first, so that none is left without the one it answers and
no transaction keeps others waiting for long. What is cut short in the middle is finished by the sweep
(chat/retention/expiry.py), because it stays marked as deleted.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from chat import audit
from chat.errors import Conflict
from chat.i18n import gettext_noop as _
from chat.models import Attachment, Conversation, Feedback, Generation, Message, Share
from chat.models.attachment import AttachmentQuerySet
from chat.models.conversation import ConversationQuerySet
from chat.retention.vacuum import forget_deleted, overwrite_deleted
from chat.signals import erased

T = TypeVar("T")

RESTORABLE = timedelta(minutes=10)
"""How long a deleted conversation can be restored; then it is erased."""
CONVERSATIONS = 50
"""That are erased together."""
MESSAGES = 500
"""That are deleted in one transaction."""
ATTACHMENTS = 5
"""The same of these: each may have megabytes, all of which are overwritten."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much goes with conversations."""

    conversations: int
    messages: int
    answers: int
    running: int
    """Answers that are being written."""
    feedback: int
    shares: int
    attachments: int


def extent(conversations: ConversationQuerySet, account: Any = None) -> Extent:
    """What would be erased with these; with the id of an `account`, its files too that belong to none of them yet."""
    ids = conversations.order_by().values("pk")
    answers = Generation.objects.filter(message__conversation__in=ids)
    return Extent(
        conversations=conversations.count(),
        messages=Message.objects.filter(conversation__in=ids).count(),
        answers=answers.count(),
        running=answers.running().count(),
        feedback=Feedback.objects.filter(message__conversation__in=ids).count(),
        shares=Share.objects.filter(conversation__in=ids).count(),
        attachments=Attachment.objects.filter(conversation__in=ids).count() + _unsent_of(account).count(),
    )


def erase(conversations: ConversationQuerySet) -> int:
    """Erase these, deleted ones too if they are among them. Returns how many.

    In a transaction of the caller's, as in the admin, others wait until all is done.
    """
    ids, count = list(conversations.order_by().values_list("pk", flat=True)), 0
    overwrite_deleted()
    for batch in _batches(ids, CONVERSATIONS):
        together = _hide(conversations, batch)
        count += len(together)
        _delete_attachments(Attachment.objects.filter(conversation__in=together))
        _delete_messages(together)
        _delete(Conversation.with_deleted.filter(pk__in=together))
    if ids:
        transaction.on_commit(forget_deleted)
    return count


def erase_files(attachments: AttachmentQuerySet) -> int:
    """Erase those of these that no question bears. Returns how many there were."""
    ids = list(attachments.unsent().order_by().values_list("pk", flat=True))
    if ids:
        overwrite_deleted()
        _delete_attachments(Attachment.objects.unsent().filter(pk__in=ids))
        transaction.on_commit(forget_deleted)
    return len(ids)


def erase_account(user_id: Any) -> None:
    """Erase an account and all that it owns. Raises Conflict for the last superuser's.

    It is closed first, so that nothing is added meanwhile.
    """
    _close(user_id)
    erase_all_of([user_id])
    _delete(get_user_model()._base_manager.filter(pk=user_id))
    transaction.on_commit(forget_deleted)


def erase_all_of(user_ids: list[Any]) -> None:
    """Erase what these own, and their names in the log; their accounts are the caller's to delete."""
    erase(Conversation.with_deleted.filter(owner__in=user_ids))
    erase_files(Attachment.objects.filter(owner__in=user_ids))
    _forget_people(user_ids)


@transaction.atomic
def _forget_people(user_ids: list[Any]) -> None:
    audit.forget_users(user_ids)
    audit.forget_names(get_user_model(), user_ids)
    erased.send(get_user_model(), ids=user_ids)


@transaction.atomic
def _hide(conversations: ConversationQuerySet, ids: list[uuid.UUID]) -> list[uuid.UUID]:
    """Returns which are still among `conversations`: a temporary one may have been kept since these were read."""
    these = Conversation.with_deleted.filter(pk__in=ids)
    # Turns come one after the other (chat/models/locks.py), and none that has begun is overtaken. PostgreSQL
    # locks these rows.
    owners = get_user_model()._base_manager.filter(pk__in=these.order_by().values("owner")).order_by("pk")
    list(owners.select_for_update().values_list("pk"))
    list(these.order_by("pk").select_for_update().values_list("pk"))
    ids = list(conversations.filter(pk__in=ids).order_by().values_list("pk", flat=True))
    these = Conversation.with_deleted.filter(pk__in=ids)
    these.update(deleted_at=timezone.now() - RESTORABLE, current=None)
    Generation.objects.running().filter(message__conversation__in=ids).delete()
    audit.forget_names(Conversation, ids)
    erased.send(Conversation, ids=ids)
    return ids


def _unsent_of(account: Any) -> AttachmentQuerySet:
    return Attachment.objects.unsent().filter(owner=account)


def _delete_attachments(attachments: AttachmentQuerySet) -> None:
    """Locked, so that none goes that a question is about to bear."""
    for batch in _batches(list(attachments.order_by().values_list("pk", flat=True)), ATTACHMENTS):
        with transaction.atomic():
            these = attachments.filter(pk__in=batch).select_for_update()
            Attachment.objects.filter(pk__in=list(these.values_list("pk", flat=True))).delete()


def _delete_messages(conversations: list[uuid.UUID]) -> None:
    messages = Message.objects.filter(conversation__in=conversations).order_by("-number")
    for batch in _batches(list(messages.values_list("pk", flat=True)), MESSAGES):
        _delete(Message.objects.filter(pk__in=batch))


def _delete(rows: "models.QuerySet[Any]") -> None:
    """With all that belongs to them; once more if something was added in the meantime, as feedback can be."""
    try:
        rows.all().delete()
    except IntegrityError:
        rows.all().delete()


@transaction.atomic
def _close(user_id: Any) -> None:
    """As far as the project's users can be closed: its model need have neither of these fields."""
    users, fields = get_user_model()._base_manager, {field.name for field in get_user_model()._meta.get_fields()}
    active = {"is_active": True} if "is_active" in fields else {}
    if "is_superuser" in fields:
        superusers = users.filter(is_superuser=True, **active).order_by("pk").select_for_update()
        if list(superusers.values_list("pk", flat=True)) == [user_id]:
            raise Conflict(
                _(
                    "This is the only administrator's account. "
                    "Make somebody else an administrator before you delete it."
                )
            )
    if active:
        users.filter(pk=user_id).update(is_active=False)


def _batches(things: list[T], size: int) -> Iterator[list[T]]:
    return (things[begin : begin + size] for begin in range(0, len(things), size))
