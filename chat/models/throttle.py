"""When a user's messages were accepted: what the limit of messages a minute counts, whatever becomes of these."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.models.sql import prepared, scalar


class ThrottleQuerySet(models.QuerySet["ThrottleEntry"]):
    def nth_since(self, number: int, owner_id: Any, start: datetime, end: datetime) -> datetime | None:
        """When the user's `number`th last message from `start` to `end` was accepted, if there were as many.

        Not later than `end`: a clock that was set back must not lock anybody out.
        """
        recent = "SELECT COUNT(*) FROM chat_throttleentry WHERE owner_id = %s AND at > %s AND at <= %s"
        owner = prepared(ThrottleEntry, "owner_id", owner_id)
        if scalar(recent, owner, *map(_for_database, (start, end))) < number:
            return None
        times = self.filter(owner=owner_id, at__gt=start, at__lte=end).order_by("-at")
        nth: datetime = times.values_list("at", flat=True)[number - 1]
        return nth

    def out_of_date(self, start: datetime, end: datetime) -> models.QuerySet[ThrottleEntry]:
        """Those that no limit from `start` to `end` counts any more."""
        return self.exclude(at__gt=start, at__lte=end)


class ThrottleEntry(models.Model):
    """One message that was accepted; deleted some minutes later (chat/retention/expiry.py)."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ThrottleQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("accepted message")
        verbose_name_plural = gettext_lazy("accepted messages")
        indexes = [models.Index("owner", "at", name="throttle_recent")]

    def __str__(self) -> str:
        return f"message of user {self.owner_id}"


def _for_database(time: datetime) -> Any:
    return ThrottleEntry._meta.get_field("at").get_db_prep_value(time, connection)
