"""Quotas: how much users may use in a day, a week or a month; what staff add for one; and what is reserved of them.

Theory (chat/usage/quotas.py keeps it). What a run may cost at the most is reserved in the transaction that accepts it,
and its reservation goes in the one that settles it. So what is spent and reserved by a user is known at any moment
from rows that are committed, whoever ends a run, and a process that is killed leaves either both or neither.
"""

from __future__ import annotations

import uuid
from datetime import date
from functools import cache
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.conf import settings as app_settings
from chat.core.quotas import MOST_AMOUNT, Level, Limit, Period, Row, Unit
from chat.models.generation import Generation
from chat.models.sql import all_rows, insert, prepared, update
from chat.models.usage import DailyUsage, Kind
from chat.models.users import groups_table, has_djangos_groups

REASON_CHARACTERS = 500
UNITS = [
    (Unit.MONEY.value, gettext_lazy("money")),
    (Unit.TOKENS.value, gettext_lazy("tokens")),
    (Unit.MESSAGES.value, gettext_lazy("messages")),
]
PERIODS = [
    (Period.DAY.value, gettext_lazy("day")),
    (Period.WEEK.value, gettext_lazy("week")),
    (Period.MONTH.value, gettext_lazy("month")),
]


class QuotaQuerySet(models.QuerySet["Quota"]):
    def rows_of(self, owner_id: Any, day: date) -> list[Row]:
        """Those that may hold for a user on this day, and what was granted: one statement."""
        owner = prepared(Quota, "user_id", owner_id)
        values: list[Any] = [owner]
        if has_djangos_groups():
            values.append(prepared(Quota, "user_id", owner_id))
        values.append(owner)
        for period in Period:
            values += [period.value, prepared(QuotaGrant, "first_day", period.first(day))]
        found = all_rows(_rows_statement(connection.vendor), *values)
        return [Row(Unit(unit), Period(period), Level(level), amount) for unit, period, level, amount in found]


class Quota(models.Model):
    """Of everybody, of each member of a group, or of one user."""

    unit = models.CharField(gettext_lazy("of what"), max_length=8, choices=UNITS)
    period = models.CharField(gettext_lazy("in each"), max_length=5, choices=PERIODS)
    # In billionths of CHAT_CURRENCY, if it is money; null: as much as one likes.
    amount = models.BigIntegerField(gettext_lazy("amount"), null=True, blank=True)
    group = models.ForeignKey(
        Group, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=gettext_lazy("group")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("user"),
    )

    objects = QuotaQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("quota")
        verbose_name_plural = gettext_lazy("quotas")
        ordering = ["unit", "period", "group", "user"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "period"],
                condition=Q(group=None, user=None),
                name="quota_of_everybody_once",
                violation_error_message=gettext_lazy("There is such a quota for everybody already."),
            ),
            models.UniqueConstraint(
                fields=["group", "unit", "period"],
                condition=Q(group__isnull=False),
                name="quota_of_group_once",
                violation_error_message=gettext_lazy("There is such a quota for this group already."),
            ),
            models.UniqueConstraint(
                fields=["user", "unit", "period"],
                condition=Q(user__isnull=False),
                name="quota_of_user_once",
                violation_error_message=gettext_lazy("There is such a quota for this user already."),
            ),
            models.CheckConstraint(
                condition=Q(group=None) | Q(user=None),
                name="quota_of_group_or_user",
                violation_error_message=gettext_lazy("A quota is for a group or for a user, and not for both."),
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0, amount__lte=MOST_AMOUNT), name="quota_amount_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} a {self.period}"


class QuotaGrant(models.Model):
    """More for one user, in one period alone: it is added to whichever quota holds for them."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=gettext_lazy("user")
    )
    unit = models.CharField(gettext_lazy("of what"), max_length=8, choices=UNITS)
    period = models.CharField(gettext_lazy("in the present"), max_length=5, choices=PERIODS)
    first_day = models.DateField(gettext_lazy("that began on"), editable=False)
    amount = models.BigIntegerField(gettext_lazy("how much more"))
    reason = models.CharField(gettext_lazy("reason"), max_length=REASON_CHARACTERS, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("granted by"),
    )
    made_at = models.DateTimeField(gettext_lazy("granted"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = gettext_lazy("grant")
        verbose_name_plural = gettext_lazy("grants")
        ordering = ["-made_at", "-pk"]
        # What was granted stands: more can be granted, less is said by a quota of the user's own.
        default_permissions = ("add", "view")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=MOST_AMOUNT), name="quota_grant_is_more")
        ]
        indexes = [models.Index("user", "first_day", name="quota_grant_of_user")]

    def __str__(self) -> str:
        return f"{self.unit} in the {self.period} of {self.first_day}"


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def used(self, owner_id: Any, limits: list[Limit], besides: uuid.UUID) -> list[int]:
        """What a user has spent and reserved of each of these, but for one reservation: one statement.

        Spent is what runs have used that began in the period, in the currency of now.
        """
        owner = prepared(DailyUsage, "owner_id", owner_id)
        first = min(limit.first for limit in limits)
        ends = [day for limit in limits for day in (limit.first, limit.renews)]
        from_day = prepared(DailyUsage, "day", first)
        values = [*(prepared(DailyUsage, "day", day) for day in ends), app_settings.CHAT_CURRENCY, owner, from_day]
        values += [owner, from_day, prepared(Reservation, "generation_id", besides)]
        found = all_rows(_used_statement(tuple(limit.unit for limit in limits)), *values)
        return [int(used or 0) for used in found[0]]

    def lapsed(self) -> Self:
        """Those of what does not run: whoever ends a run takes its own along."""
        return self.filter(~Exists(Generation.objects.running().filter(pk=OuterRef("pk"))))


class Reservation(models.Model):
    """The most that one answer's run may cost, until it is settled."""

    # No foreign key: whoever erases a generation settles it, and that takes this along.
    generation_id = models.UUIDField(primary_key=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    # On which the run began: what it has used will be of that day.
    day = models.DateField()
    # In billionths of CHAT_CURRENCY; 0 where nobody knows the price.
    cost = models.BigIntegerField()
    tokens = models.BigIntegerField()

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("reservation")
        verbose_name_plural = gettext_lazy("reservations")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.generation_id)

    def store(self) -> None:
        insert([self])

    @classmethod
    def extend(cls, pk: uuid.UUID, cost: int, tokens: int) -> bool:
        """False if it is gone: whoever took it has ended the run."""
        return update(cls, pk, {"cost": cost, "tokens": tokens})

    @classmethod
    def drop(cls, pk: uuid.UUID) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM chat_reservation WHERE generation_id = %s", [prepared(cls, "generation_id", pk)]
            )


@cache
def _rows_statement(vendor: str) -> str:
    """With the user's id, once more where users have groups, and again; then each period and its first day."""
    whose = "user_id = %s OR (user_id IS NULL AND group_id IS NULL)"
    if has_djangos_groups():
        table, owner, group = groups_table()
        whose += f" OR group_id IN (SELECT {group} FROM {table} WHERE {owner} = %s)"  # noqa: S608
    level = (
        f"CASE WHEN user_id IS NOT NULL THEN {Level.USER:d} "
        f"WHEN group_id IS NOT NULL THEN {Level.GROUP:d} ELSE {Level.EVERYBODY:d} END"
    )
    present = " OR ".join(["(period = %s AND first_day = %s)"] * len(Period))
    return (
        f"SELECT unit, period, {level}, amount FROM chat_quota WHERE {whose} "  # noqa: S608 - names of ours, the project's
        f"UNION ALL SELECT unit, period, {Level.GRANT:d}, amount FROM chat_quotagrant "
        f"WHERE user_id = %s AND ({present})"
    )


@cache
def _used_statement(units: tuple[Unit, ...]) -> str:
    """With two days for each, the currency, the user and the first day, twice, and the id of a reservation.

    It is one statement, so that what is settled meanwhile is either reserved or spent, and not neither.
    """
    columns = {Unit.MONEY: "cost", Unit.TOKENS: "tokens", Unit.MESSAGES: "messages"}
    sums = ", ".join(f"SUM(CASE WHEN day >= %s AND day < %s THEN {columns[unit]} END)" for unit in units)
    cost = f"CASE WHEN currency <> %s THEN 0 WHEN cost > {MOST_AMOUNT} THEN {MOST_AMOUNT} ELSE cost END"
    answers = f"CASE WHEN kind = '{Kind.ANSWER.value}' THEN runs - failures ELSE 0 END"
    return (
        f"SELECT {sums} FROM ("  # noqa: S608 - ours alone
        f"SELECT day, {cost} AS cost, input + output AS tokens, {answers} AS messages "
        "FROM chat_dailyusage WHERE owner_id = %s AND day >= %s "
        "UNION ALL SELECT day, cost, tokens, 1 "
        "FROM chat_reservation WHERE owner_id = %s AND day >= %s AND generation_id <> %s) used"
    )
