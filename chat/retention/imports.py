"""What an import leaves that has failed, or whose process is gone: it is erased, whoever notices."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chat.models import Conversation, Import
from chat.models.certificate import Purpose
from chat.models.users import UserId
from chat.retention.certificates import Cause
from chat.retention.erasure import RESTORABLE, erase
from chat.retention.holds import without_held

logger = logging.getLogger(__name__)

INTERRUPTED = "interrupted"
REMEMBERED = timedelta(days=1)
"""How long it is known how an import ended."""


def hidden_at() -> dict[str, object]:
    """What hides a conversation that is being imported: to all others it is deleted, and cannot be restored."""
    return {"deleted_at": timezone.now() - RESTORABLE}


def end_import(import_id: UUID, code: str) -> None:
    """It has failed, and nothing of it stays. It may have been ended already."""
    with transaction.atomic():
        Import.objects.running().filter(pk=import_id).update(status=Import.Status.FAILED, code=code)
    _erase_left(import_id)


def end_dead_imports(owner_id: UserId | None = None) -> None:
    """Those whose process is gone, and what any that has failed has left; of one owner, or of all."""
    those = Import.objects.all() if owner_id is None else Import.objects.of(owner_id)
    for pk in those.dead().values_list("pk", flat=True):
        with transaction.atomic():
            if those.dead().filter(pk=pk).update(status=Import.Status.FAILED, code=INTERRUPTED):
                logger.warning("Import %s was interrupted: its process is gone", pk)
    left = without_held(Conversation.with_deleted.filter(importing__in=those.exclude(status=Import.Status.RUNNING)))
    for pk in set(left.order_by().values_list("importing", flat=True)):
        _erase_left(pk)
    if owner_id is None:
        those.exclude(status=Import.Status.RUNNING).filter(began_at__lte=timezone.now() - REMEMBERED).delete()


def _erase_left(import_id: UUID) -> None:
    """What is under a hold stays hidden until that is lifted."""
    erase(without_held(Conversation.with_deleted.filter(importing=import_id)), Cause(Purpose.IMPORT))
