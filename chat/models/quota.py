"""Quotas: how much users may use in a day, a week or a month; and what staff add for one.

Theory (chat/usage/quotas.py keeps it). What a run may cost at the most stands in its row, from the transaction that
accepts it on, and counts as long as it runs; the transaction that ends it settles it. So what is spent and reserved by
a user is known at any moment from rows that are committed, and a process that is killed leaves either both or neither.
"""

from __future__ import annotations

import uuid
from datetime import date
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.conf import settings as app_settings
from chat.core.endings import Status
from chat.core.quotas import MOST_AMOUNT, Allowance, Level, Period, Row, Unit, limits
from chat.models.generation import Generation
from chat.models.sql import all_rows, prepared
from chat.models.usage import Kind
from chat.models.users import groups_table, has_djangos_groups

REASON_CHARACTERS = 500
NOBODYS = uuid.UUID(int=0)
KINDS = [(unit, period) for unit in Unit for period in Period]
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
    def allowances(self, owner_id: Any, day: date, besides: uuid.UUID = NOBODYS) -> list[Allowance]:
        """What holds for a user on this day, and what is spent of it, or reserved by runs but for one.

        One statement, so that what is settled meanwhile is either reserved or spent, and not neither. Spent is what
        runs have used that began in the period, in the currency of now.
        """
        user = prepared(Quota, "user_id", owner_id)
        whose = [user] * (3 if has_djangos_groups() else 2)
        values = [*whose, app_settings.CHAT_CURRENCY, user, user, prepared(Generation, "id", besides)]
        found = all_rows(_allowances_statement(day, connection.vendor), *values)
        rows = [Row(Unit(unit), Period(period), Level(level), amount) for unit, period, level, amount, *_used in found]
        used = dict(zip(KINDS, found[0][4:], strict=True)) if found else {}
        return [Allowance(limit, int(used[limit.unit, limit.period] or 0)) for limit in limits(rows, day)]


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
        indexes = [models.Index("unit", condition=Q(unit="money"), name="quota_in_money")]

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


@lru_cache(maxsize=8)
def _allowances_statement(day: date, vendor: str) -> str:
    """The values of `_rows`, of `_sums` and of `_used`, in this order. Without a row of the first there is none.

    Days stand in it as they are: a statement of a few values is quicker, and there is one for each day.
    """
    rows, sums, used = _rows(day), _sums(day), _used(day)
    return f"SELECT held.*, used.* FROM ({rows}) held, (SELECT {sums} FROM ({used}) spent) used"  # noqa: S608


def _rows(day: date) -> str:
    """With the user's id, twice, and once more where users have groups."""
    whose = "user_id = %s OR (user_id IS NULL AND group_id IS NULL)"
    if has_djangos_groups():
        table, owner, group = groups_table()
        whose += f" OR group_id IN (SELECT {group} FROM {table} WHERE {owner} = %s)"  # noqa: S608
    level = (
        f"CASE WHEN user_id IS NOT NULL THEN {Level.USER:d} "
        f"WHEN group_id IS NOT NULL THEN {Level.GROUP:d} ELSE {Level.EVERYBODY:d} END"
    )
    present = " OR ".join(f"(period = '{period}' AND first_day = '{period.first(day)}')" for period in Period)
    return (
        f"SELECT unit, period, {level} AS level, amount FROM chat_quota WHERE {whose} "  # noqa: S608 - names of ours, the project's
        f"UNION ALL SELECT unit, period, {Level.GRANT:d}, amount FROM chat_quotagrant "
        f"WHERE user_id = %s AND ({present})"
    )


def _sums(day: date) -> str:
    """Of each of KINDS."""
    columns = {Unit.MONEY: "cost", Unit.TOKENS: "tokens", Unit.MESSAGES: "messages"}
    return ", ".join(
        f"SUM(CASE WHEN day >= '{period.first(day)}' AND day < '{period.next(day)}' THEN {columns[unit]} END)"
        for unit, period in KINDS
    )


def _used(day: date) -> str:
    """With the currency, the user, twice, and a generation's id."""
    first = min(period.first(day) for period in Period)
    cost = f"CASE WHEN currency <> %s THEN 0 WHEN cost > {MOST_AMOUNT} THEN {MOST_AMOUNT} ELSE cost END"
    answers = f"CASE WHEN kind = '{Kind.ANSWER}' THEN runs - failures ELSE 0 END"
    return (
        f"SELECT day, {cost} AS cost, input + output AS tokens, {answers} AS messages "  # noqa: S608 - ours alone
        f"FROM chat_dailyusage WHERE owner_id = %s AND day >= '{first}' "
        "UNION ALL SELECT reserved_day, reserved_cost, reserved_tokens, 1 FROM chat_generation "
        f"WHERE owner_id = %s AND status = '{Status.RUNNING}' AND reserved_day >= '{first}' AND id <> %s"
    )
