"""What has had its time is erased: deleted conversations, temporary ones that were left, and files never sent."""

import logging
import threading
import time
from datetime import timedelta

from django.db import close_old_connections, transaction
from django.db.models import Q
from django.utils import timezone

from chat.erasure import RESTORABLE, erase
from chat.models import Attachment, Conversation
from chat.models.attachment import AttachmentQuerySet
from chat.models.conversation import ConversationQuerySet
from chat.traces import forget_deleted, overwrite_deleted

logger = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
LEFT = timedelta(seconds=60)
"""How long a temporary conversation outlives its page: who reloads it has not left."""
UNUSED = timedelta(days=1)
"""How long a temporary conversation stays in which nothing is asked any more."""
UNSENT = timedelta(days=1)
"""How long a file waits for the question that it was uploaded for."""
FILES = 20
"""That are deleted in one transaction: they may be large, and others wait."""


def start_erasing_expired() -> None:
    """Look now and every minute, in a thread of its own: a long erasure must not hold up the sweep for leases."""
    threading.Thread(target=_erase_for_ever, name="chat-expiry", daemon=True).start()


def _erase_for_ever() -> None:
    while True:
        close_old_connections()
        try:
            erase_expired()
            erase_unsent()
        except Exception as exc:
            logger.warning("Could not erase what has had its time: %s", exc)
        time.sleep(LOOK_SECONDS)


def erase_expired() -> int:
    """Returns how many conversations there were."""
    count = erase(expired())
    if count:
        logger.info("Erased %s conversations that were deleted or temporary", count)
    return count


def erase_unsent() -> int:
    """Returns how many files there were."""
    unsent = Attachment.objects.unsent().filter(created_at__lte=timezone.now() - UNSENT)
    if not unsent.exists():
        return 0
    overwrite_deleted()
    count = 0
    while some := _erase_some(unsent):
        count += some
    forget_deleted()
    logger.info("Erased %s files that were never sent", count)
    return count


@transaction.atomic
def _erase_some(unsent: AttachmentQuerySet) -> int:
    # Locked, so that a question that comes meanwhile bears none of them: it is told that they are gone.
    ids = list(unsent.select_for_update().values_list("pk", flat=True)[:FILES])
    Attachment.objects.filter(pk__in=ids).delete()
    return len(ids)


def expired() -> ConversationQuerySet:
    now = timezone.now()
    has_been_left = Q(left_at__lte=now - LEFT) | Q(created_at__lte=now - UNUSED, updated_at__lte=now - UNUSED)
    return Conversation.with_deleted.filter(Q(deleted_at__lte=now - RESTORABLE) | Q(has_been_left, is_temporary=True))
