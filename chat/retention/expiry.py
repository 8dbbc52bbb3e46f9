"""What has had its time is erased: deleted conversations, temporary ones that were left, files never sent, and words
that staff searched for.
"""

import logging
import threading
import time
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from chat.audit import forget_searched_words
from chat.failures import log_waiting
from chat.models import AccountErasure, Attachment, Conversation, SearchedWords, ThrottleEntry
from chat.models.certificate import Purpose
from chat.models.conversation import ConversationQuerySet
from chat.models.threads import long_work
from chat.retention import due
from chat.retention.certificates import Cause, end_certificates
from chat.retention.erasure import RESTORABLE, erase_files, erase_in_turn, finish_account
from chat.retention.holds import without_held
from chat.retention.imports import end_dead_imports
from chat.retention.vacuum import forget_deleted
from chat.usage.totals import make_totals

logger = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
MINUTE = timedelta(minutes=1)
LEFT = timedelta(seconds=60)
"""How long a temporary conversation outlives its page: who reloads it has not left."""
UNUSED = timedelta(days=1)
"""How long a temporary conversation stays in which nothing is asked any more."""
UNSENT = timedelta(days=1)
"""How long a file waits for the question that it was uploaded for."""


def start_erasing_expired() -> None:
    """Look now and every minute, in turn with what else takes long; a thread says when."""
    threading.Thread(target=_erase_for_ever, name="chat-expiry", daemon=True).start()


def _erase_for_ever() -> None:
    while True:
        for look in (
            finish_accounts,
            correct_times,
            erase_expired,
            due.look,
            erase_unsent,
            end_dead_imports,
            forget_throttled,
            forget_searched_words,
            end_certificates,
            forget_deleted,
            make_totals,
        ):
            try:
                long_work.wait(look)
            except Exception as exc:
                log_waiting(logger, exc, "what has had its time is not erased")
        time.sleep(LOOK_SECONDS)


def finish_accounts() -> int:
    """Go on with accounts whose erasure was cut short. Returns how many there were."""
    ids = list(AccountErasure.objects.values_list("pk", flat=True))
    for user_id in ids:
        try:
            finish_account(user_id, Cause(Purpose.ACCOUNT))
        except Exception as exc:  # others are erased all the same
            log_waiting(logger, exc, "the erasure of account %s goes on later", user_id)
    return len(ids)


def erase_expired() -> int:
    """Returns how many conversations it erased."""
    count = erase_in_turn(deleted, Purpose.DELETED) + erase_in_turn(left, Purpose.TEMPORARY)
    if count:
        logger.info("Erased %s conversations that were deleted or temporary", count)
    return count


def erase_unsent() -> int:
    """Returns how many files it erased."""
    count = erase_files(Attachment.objects.filter(created_at__lte=timezone.now() - UNSENT), Cause(Purpose.UNSENT))
    if count:
        logger.info("Erased %s files that were never sent", count)
    return count


def forget_throttled() -> None:
    """What the limit of messages a minute has counted, and counts no more."""
    now = timezone.now()
    old = ThrottleEntry.objects.out_of_date(now - 2 * MINUTE, now + 2 * MINUTE)
    if old.exists():
        old.delete()


def correct_times() -> None:
    """What was deleted or left when a clock was wrong, at a time that is yet to come, was so at the latest now.

    Of what lies before nobody can tell.
    """
    now = timezone.now()
    temporary, unsent = Conversation.with_deleted.filter(is_temporary=True), Attachment.objects.unsent()
    for rows, name in (
        (Conversation.with_deleted, "deleted_at"),
        (temporary, "left_at"),
        (temporary, "created_at"),
        (temporary, "updated_at"),
        (unsent, "created_at"),
        (SearchedWords.objects.all(), "created_at"),
    ):
        later = rows.filter(**{f"{name}__gt": now + MINUTE})  # clocks of several machines differ a little
        if later.exists():
            later.update(**{name: now})


def deleted() -> ConversationQuerySet:
    """What can no longer be restored. What is under a hold is left until that is lifted."""
    return _not_kept(Q(deleted_at__lte=timezone.now() - RESTORABLE))


def left() -> ConversationQuerySet:
    """Temporary ones whose page was left, or in which nothing is asked any more; the same of holds."""
    now = timezone.now()
    unused = Q(created_at__lte=now - UNUSED, updated_at__lte=now - UNUSED)
    return _not_kept(Q(left_at__lte=now - LEFT) | unused, is_temporary=True)


def _not_kept(which: Q, **fields: bool) -> ConversationQuerySet:
    return without_held(Conversation.with_deleted.filter(which, importing=None, **fields))
