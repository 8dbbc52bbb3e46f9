"""Why staff read: a reason, which holds for an hour, for each conversation and for each kind of list.

That one was given is a reading of its own (`GIVEN`), without an owner; the readings of that hour repeat it.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import models
from django.utils import timezone

from chat.conf import settings
from chat.models import Reading

GIVEN = "Gave a reason."
HOLDS = timedelta(hours=1)
GRACE = timedelta(minutes=1)
"""What was let through just before the hour ended is recorded just after it."""


class Asking(StrEnum):
    OFF = "off"
    ASKED = "asked"
    REQUIRED = "required"


def asking() -> Asking:
    """What CHAT_READING_REASON says. What cannot be is taken for the strictest, and chat.E061 says so."""
    said = str(settings.CHAT_READING_REASON)
    return Asking(said) if said in list(Asking) else Asking.REQUIRED


def is_missing(user: Any, model: type[models.Model], key: Any = "") -> bool:
    """Has `user` to be asked, before they see the thing of this key, or without one a list of such things?"""
    return asking() != Asking.OFF and _held(user, model, key, HOLDS) is None


def held(user: Any, model: type[models.Model], key: Any = "") -> str:
    """The reason that `user` has given last; empty if none holds."""
    return "" if asking() == Asking.OFF else _held(user, model, key, HOLDS + GRACE) or ""


def _held(user: Any, model: type[models.Model], key: Any, holds: timedelta) -> str | None:
    """One from a future, as of a clock that was wrong, does not hold."""
    now = timezone.now()
    given = Reading.objects.filter(object_kind=model._meta.label_lower, object_key=str(key), user_key=str(user.pk))
    given = given.filter(action=GIVEN, created_at__gt=now - holds, created_at__lte=now)
    reason: str | None = given.order_by("-created_at", "-pk").values_list("context__reason", flat=True).first()
    return reason
