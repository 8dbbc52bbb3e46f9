"""Erasing: conversations, and accounts, that are gone for good with all that belongs to them.

Theory. First what is to be erased is recorded as a whole, in one transaction: an account is closed, conversations are
marked (`ERASING`), so that nobody finds them any more, nothing new begins in them, and of answers that are being
written the generations are gone. Whoever writes such an answer, in whichever process, finds that out with its next
checkpoint and writes nothing back. Then attachments are deleted, a few at a time because they are large, and messages
in batches, last ones first, so that none is left without the one it answers and no transaction keeps others waiting
for long; the account goes last, and its record with it. Where something of it is under a hold
(chat/retention/holds.py), nothing is recorded. Each step looks at what is there, behind a lock of what it belongs to:
so what is cut short is finished by whoever comes next, by doing the same again: the sweep of any process
(chat/retention/expiry.py), or the command.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, models, transaction
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from chat import audit
from chat.core.batches import batches
from chat.core.endings import Status
from chat.errors import Conflict
from chat.i18n import gettext_noop as _
from chat.live import hints
from chat.models import AccountErasure, Attachment, Conversation, Feedback, Generation, Import, Message, Share
from chat.models.attachment import AttachmentQuerySet
from chat.models.certificate import Purpose
from chat.models.conversation import ERASING, ConversationQuerySet
from chat.models.users import has_field
from chat.retention.certificates import (
    UNSAID,
    Cause,
    certify_account,
    certify_conversations,
    certify_files,
    end_certificates,
)
from chat.retention.holds import check_no_user_held, check_none_held, files_without_held, forget_reasons
from chat.retention.vacuum import despite_full_disk, forget_deleted, forget_words, overwrite_deleted
from chat.signals import erased
from chat.usage.estimates import estimate
from chat.usage.settling import settle

RESTORABLE = timedelta(minutes=10)
"""How long a deleted conversation can be restored; then it is erased."""
ROWS = 500
"""That a statement names."""
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


def erase(conversations: ConversationQuerySet, cause: Cause = UNSAID) -> int:
    """Erase these, deleted ones too if they are among them. Returns how many: what several erase counts with one.

    Raises Held, and erases none, if one of them is under a hold. It leaves certificates, which say the `cause`.
    """
    return _finish(_begin(conversations, cause))


def erase_in_turn(which: Callable[[], ConversationQuerySet], purpose: Purpose, most: int | None = None) -> int:
    """Erase at most so many of what `which` gives, a few at a time: others may be kept or restored meanwhile.

    Returns how many, as `erase` does.
    """
    ids = list(which().values_list("pk", flat=True)[:most])
    return sum(erase(which().filter(pk__in=some), Cause(purpose)) for some in batches(ids, CONVERSATIONS))


def erase_after_commit(conversations: ConversationQuerySet, cause: Cause = UNSAID) -> None:
    """As `erase`, in a transaction of the caller's: others wait for what is recorded, not until all is done.

    Raises Held.
    """
    transaction.on_commit(partial(_finish, _begin(conversations, cause)))


def erase_files(attachments: AttachmentQuerySet, cause: Cause = UNSAID) -> int:
    """Erase those of these that no question bears, and that are not held.

    Returns how many: what several erase counts with one.
    """
    ids = list(files_without_held(attachments.unsent()).order_by().values_list("pk", flat=True))
    if not ids:
        return 0
    overwrite_deleted()
    count = _delete_attachments(files_without_held(Attachment.objects.unsent().filter(pk__in=ids)), cause)
    transaction.on_commit(forget_deleted)
    return count


def erase_account(user_id: Any, cause: Cause = UNSAID) -> None:
    """Erase an account and all that it owns. Raises Conflict for the last superuser's, and Held.

    It is closed first, so that nothing is added meanwhile.
    """
    _begin_accounts([user_id], cause)
    finish_account(user_id, cause)


def erase_accounts_after_commit(user_ids: Iterable[Any], cause: Cause = UNSAID) -> None:
    """As `erase_account` of several, all of them or none, in a transaction of the caller's."""
    user_ids = list(user_ids)
    _begin_accounts(user_ids, cause)
    for user_id in user_ids:
        transaction.on_commit(partial(finish_account, user_id, cause))


def finish_account(user_id: Any, cause: Cause = UNSAID) -> None:
    """Erase what is left of an account whose erasure is recorded."""
    while True:
        erase(Conversation.with_deleted.filter(owner=user_id), cause)
        erase_files(Attachment.objects.filter(owner=user_id), cause)
        if _delete_account(user_id):
            break
    transaction.on_commit(end_certificates, robust=True)  # or a sweep does
    transaction.on_commit(forget_deleted)


def leaves_no_superuser(user_ids: Iterable[Any]) -> bool:
    """Are these all superusers that there are?"""
    ids = set(user_ids)
    if not has_field("is_superuser"):
        return False
    superusers = get_user_model()._base_manager.filter(
        is_superuser=True, **({"is_active": True} if has_field("is_active") else {})
    )
    remaining = superusers.exclude(pk__in=AccountErasure.objects.values("pk"))
    # PostgreSQL locks these rows, so that of two superusers who go at once one stays.
    these = set(remaining.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    return bool(these) and these <= ids


# The first transaction


@despite_full_disk
@transaction.atomic
def _begin_accounts(user_ids: list[Any], cause: Cause) -> None:
    """As far as the project's users can be closed: its model need have no such field."""
    if leaves_no_superuser(user_ids):
        raise Conflict(
            _("This is the only administrator's account. Make somebody else an administrator before you delete it.")
        )
    found = _lock_users(user_ids)
    check_no_user_held(found)
    if has_field("is_active"):
        get_user_model()._base_manager.filter(pk__in=found).update(is_active=False)
    recorded = set(AccountErasure.objects.filter(pk__in=found).values_list("pk", flat=True))
    for pk in found:
        if pk not in recorded:
            AccountErasure.objects.create(user_id=pk)
            certify_account(pk, cause)
    Import.objects.filter(owner__in=found).delete()  # whoever works at one finds out, and stores nothing more
    _begin(Conversation.with_deleted.filter(owner__in=found), cause)


@despite_full_disk
@transaction.atomic
def _begin(conversations: ConversationQuerySet, cause: Cause = UNSAID) -> list[uuid.UUID]:
    """Returns which are still among `conversations`: a temporary one may have been kept since these were read."""
    # Turns come one after the other (chat/models/locks.py), and none that has begun is overtaken.
    owners: list[Any] = sorted(set(conversations.order_by().values_list("owner", flat=True)))
    for some in batches(owners, ROWS):
        _lock_users(some)
    ids: list[uuid.UUID] = []
    for batch in batches(list(conversations.order_by("pk").values_list("pk", flat=True)), ROWS):
        _lock(batch)
        found = list(conversations.filter(pk__in=batch).order_by().values_list("pk", "deleted_at"))
        check_none_held(Conversation.with_deleted.filter(pk__in=[pk for pk, _deleted_at in found]))
        new = [pk for pk, deleted_at in found if deleted_at != ERASING]
        certify_conversations(new, cause)
        _hide(new)
        if any(deleted_at is None for _pk, deleted_at in found):
            for owner in owners:
                hints.list_changed(owner)
        ids += [pk for pk, _deleted_at in found]
    return ids


def _hide(ids: list[uuid.UUID]) -> None:
    running = Generation.objects.running().filter(message__conversation__in=ids)
    list(running.select_for_update().values_list("pk"))  # in the order in which the engine locks them
    _settle(running)
    running.delete()
    Conversation.with_deleted.filter(pk__in=ids).update(deleted_at=ERASING, current=None, importing=None)
    audit.forget_names(Conversation, ids)
    erased.send(Conversation, ids=ids)


def _settle(running: "models.QuerySet[Generation]") -> None:
    """What they have used stays. In the order of owners, who may have others that end now."""
    for generation in running.select_related("message").order_by("owner", "created_at", "pk"):
        settle(generation, estimate(generation, generation.message.reply), Status.STOPPED)


def _lock_users(ids: list[Any]) -> list[Any]:
    """Returns which of these there are. As `lock_owner` locks them, but for rows that refer to a user.

    Those can be added: whoever ends an answer has locked it, and writes down what it has used before they let it go.
    """
    users = get_user_model()._base_manager.filter(pk__in=ids).order_by("pk")
    return list(users.select_for_update(no_key=True).values_list("pk", flat=True))


def _lock(conversations: list[uuid.UUID]) -> None:
    """PostgreSQL locks these rows: who erases them at the same time takes turns."""
    rows = Conversation.with_deleted.filter(pk__in=conversations).order_by("pk")
    list(rows.select_for_update().values_list("pk"))


# The steps, each a transaction of its own


def _finish(ids: list[uuid.UUID]) -> int:
    overwrite_deleted()
    count = 0
    for together in batches(ids, CONVERSATIONS):
        _delete_attachments(Attachment.objects.filter(conversation__in=together))
        _delete_messages(together)
        count += _delete_conversations(together, and_words=together[-1] == ids[-1])
    if ids:
        transaction.on_commit(end_certificates, robust=True)  # or a sweep does
        transaction.on_commit(forget_deleted)
    return count


def _unsent_of(account: Any) -> AttachmentQuerySet:
    return Attachment.objects.unsent().filter(owner=account)


def _delete_attachments(attachments: AttachmentQuerySet, cause: Cause | None = None) -> int:
    """With a `cause` those that no question bears: they leave certificates of their own.

    Of these the owners are locked, so that none goes that a question is about to bear, or somebody is about to hold.
    """
    count = 0
    for batch in batches(list(attachments.order_by("pk").values_list("pk", flat=True)), ATTACHMENTS):
        with transaction.atomic():
            these = attachments.filter(pk__in=batch)
            if cause:
                _lock_users(sorted(set(these.order_by().values_list("owner", flat=True))))
            ids = list(these.order_by("pk").select_for_update().values_list("pk", flat=True))
            if cause:
                certify_files(ids, cause)
            _, deleted = Attachment.objects.filter(pk__in=ids).delete()
            count += deleted.get(Attachment._meta.label, 0)
    return count


def _delete_messages(conversations: list[uuid.UUID]) -> None:
    messages = Message.objects.filter(conversation__in=conversations).order_by("-number")
    for batch in batches(list(messages.values_list("pk", flat=True)), MESSAGES):
        _delete(Message.objects.filter(pk__in=batch), conversations)


@despite_full_disk
@transaction.atomic
def _delete_conversations(conversations: list[uuid.UUID], *, and_words: bool) -> int:
    """What was said in them is forgotten with the last of them: until then there is something left to be finished."""
    _lock(conversations)
    # Who of the staff opened one when it was hidden has noted its name since.
    audit.forget_names(Conversation, conversations)
    count = _delete(Conversation.with_deleted.filter(pk__in=conversations), conversations)
    if and_words:
        forget_words()
    return count


def _delete(rows: "models.QuerySet[Any]", conversations: list[uuid.UUID]) -> int:
    """With all that belongs to them; once more if something was added in the meantime, as feedback can be."""
    try:
        return _delete_once(rows, conversations)
    except IntegrityError:
        return _delete_once(rows, conversations)


@despite_full_disk
@transaction.atomic
def _delete_once(rows: "models.QuerySet[Any]", conversations: list[uuid.UUID]) -> int:
    _lock(conversations)
    _, deleted = rows.all().delete()
    return deleted.get(rows.model._meta.label, 0)


@despite_full_disk
@transaction.atomic
def _delete_account(user_id: Any) -> bool:
    """False if conversations have come in between, as an import that had begun: they go first."""
    users = get_user_model()._base_manager.filter(pk=user_id)
    list(users.select_for_update().values_list("pk"))  # nothing is added that refers to it from now on
    if Conversation.with_deleted.filter(owner=user_id).exists():
        return False
    users.delete()
    return True


@receiver(pre_delete, sender=settings.AUTH_USER_MODEL)
def _forget_person(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """Whichever way an account is deleted, in that transaction."""
    if not AccountErasure.objects.filter(pk=instance.pk).exists():  # by code of the project's
        certify_account(instance.pk, UNSAID, _unsent_of(instance.pk).values_list("pk", flat=True))
    _settle(Generation.objects.running().filter(owner=instance.pk))
    ids = list(Conversation.with_deleted.filter(owner=instance.pk).order_by().values_list("pk", flat=True))
    for batch in batches(ids, ROWS):
        certify_conversations(_not_erasing(batch), UNSAID)
        audit.forget_names(Conversation, batch)
        erased.send(Conversation, ids=batch)
    audit.forget_users([instance.pk])
    audit.forget_names(sender, [instance.pk])
    forget_reasons(instance.pk)
    erased.send(sender, ids=[instance.pk])
    transaction.on_commit(end_certificates, robust=True)  # or a sweep does


def _not_erasing(ids: list[uuid.UUID]) -> list[uuid.UUID]:
    """What is being erased already has its certificate."""
    those = Conversation.with_deleted.filter(pk__in=ids).exclude(deleted_at=ERASING)
    return list(those.order_by("pk").values_list("pk", flat=True))
