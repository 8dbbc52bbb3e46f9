"""What has had its time is erased: deleted conversations, temporary ones that were left, and files never sent."""

import logging
import threading
import time
from datetime import timedelta

from django.db import close_old_connections
from django.db.models import Q
from django.utils import timezone

from chat.models import Attachment, Conversation
from chat.models.conversation import ConversationQuerySet
from chat.retention.erasure import RESTORABLE, erase, erase_files

logger = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
LEFT = timedelta(seconds=60)
"""How long a temporary conversation outlives its page: who reloads it has not left."""
UNUSED = timedelta(days=1)
"""How long a temporary conversation stays in which nothing is asked any more."""
UNSENT = timedelta(days=1)
"""How long a file waits for the question that it was uploaded for."""


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
    count = erase_files(Attachment.objects.filter(created_at__lte=timezone.now() - UNSENT))
    if count:
        logger.info("Erased %s files that were never sent", count)
    return count


def expired() -> ConversationQuerySet:
    now = timezone.now()
    has_been_left = Q(left_at__lte=now - LEFT) | Q(created_at__lte=now - UNUSED, updated_at__lte=now - UNUSED)
    return Conversation.with_deleted.filter(Q(deleted_at__lte=now - RESTORABLE) | Q(has_been_left, is_temporary=True))
