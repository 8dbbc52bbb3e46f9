"""Totals of days and of months that are over: few rows, so that the page of a year is quick.

Theory. They are made of DailyUsage by a look each minute (chat/usage/totals.py), up to a day, the mark: what is after
it is read from DailyUsage itself. The days that are still going on are not among them, so a run that ends adds to its
day and to nothing else. Who ends a run of a day before, as a sweep can, locks the mark, and adds to the totals too.
"""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import models

from chat.core.limits import MODEL_CHARACTERS, PROVIDER_CHARACTERS
from chat.models.usage import CURRENCY_CHARACTERS, GROUPS_CHARACTERS, Kind, UsageSums


class DayTotal(UsageSums):
    """Sums of DailyUsage by day, provider, model, kind and currency, of everybody."""

    day = models.DateField()
    provider = models.CharField(max_length=PROVIDER_CHARACTERS)
    model = models.CharField(max_length=MODEL_CHARACTERS)
    kind = models.CharField(max_length=6, choices=Kind)
    currency = models.CharField(max_length=CURRENCY_CHARACTERS)

    KEY = ("day", "provider", "model", "kind", "currency")

    class Meta:
        default_permissions = ()
        indexes = [models.Index("day", name="day_total_of_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.provider}/{self.model}"


class MonthTotal(UsageSums):
    """Sums of DailyUsage by month, owner, groups, kind and currency, of all models; of the mark's month up to it."""

    # Its first day.
    month = models.DateField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    group_ids = models.CharField(max_length=GROUPS_CHARACTERS, default="")
    kind = models.CharField(max_length=6, choices=Kind)
    currency = models.CharField(max_length=CURRENCY_CHARACTERS)

    KEY = ("month", "owner_id", "group_ids", "kind", "currency")

    class Meta:
        default_permissions = ()
        indexes = [models.Index("month", name="month_total_of_month")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.pk}"


class TotalsMark(models.Model):
    """One row: up to which day there are totals."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    day = models.DateField(default=date.min)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day}"

    @classmethod
    def read(cls) -> TotalsMark:
        return cls.objects.first() or cls()

    @classmethod
    def lock(cls) -> TotalsMark:
        """In a transaction of the caller's, until that ends: others who add to totals wait."""
        TotalsMark.objects.bulk_create([TotalsMark()], ignore_conflicts=True)
        return cls.objects.select_for_update().get()
