"""What owners are told of readings: who read what of theirs, when and why, if CHAT_READING_NOTICE says so.

Lists and searches are of nobody's in particular: they are recorded, and no owner is told of them.
"""

import uuid
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from chat.conf import settings
from chat.core.numbers import whole
from chat.models import Reading, ReadingContext
from chat.models.sql import prepared, select_values

AT_ONCE, NEVER = "at once", "never"
MOST_DAYS = 36_500
DIGITS = 9

TOLD = "id IN (SELECT reading_id FROM chat_readingcontext WHERE owner_key = %s AND conversation_key = %s)"
LATEST = "ORDER BY created_at DESC LIMIT 1"


def notice_days() -> int | None:
    """After how many days owners are told; None: never. What cannot be is never, and chat.E062 says so."""
    said = str(settings.CHAT_READING_NOTICE)
    if said == AT_ONCE:
        return 0
    days = whole(said, DIGITS)
    return None if days is None else min(days, MOST_DAYS)


def is_notice(said: str) -> bool:
    """Can CHAT_READING_NOTICE say this?"""
    return said in (AT_ONCE, NEVER) or whole(said, DIGITS) is not None


def told(owner_id: Any, conversation_id: uuid.UUID | None = None) -> QuerySet[ReadingContext]:
    """What this owner is told by now, newest first; also of what is erased, of which they see no word."""
    days = notice_days()
    if days is None:
        return ReadingContext.objects.none()
    of_owner = ReadingContext.objects.filter(owner_key=str(owner_id)).exclude(owner_key="")
    if conversation_id:
        of_owner = of_owner.filter(conversation_key=str(conversation_id))
    if days:
        of_owner = of_owner.filter(reading__created_at__lte=timezone.now() - timedelta(days=days))
    return of_owner.select_related("reading").order_by("-pk")


def told_in_short(owner_id: Any, conversation_id: uuid.UUID) -> dict[str, Any] | None:
    """How often one's conversation was read, and when last; None if nobody has, or nobody is told.

    By one query, and without the ORM, for each page of a conversation asks for it.
    """
    days = notice_days()
    if days is None:
        return None
    values = [str(owner_id), str(conversation_id)]
    condition = TOLD
    if days:
        condition += " AND created_at <= %s"
        values.append(prepared(Reading, "created_at", timezone.now() - timedelta(days=days)))
    found = select_values(Reading, ("created_at",), f"{condition} {LATEST}", *values, extra=("COUNT(*) OVER ()",))
    return {"count": found[0][1], "latest": found[0][0]} if found else None
