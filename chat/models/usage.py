"""What runs of models have used and what that cost: a row for each, and their sums by day.

Theory. A row and its sum are written in the very transaction that ends the run (chat/usage/settling.py), so they agree
whenever one looks, and both stay when the run is erased: there are no words in them. When a user is erased, what they
have spent stays without their name. Of the groups that somebody was in that day the sum has the ids: they are part of
its key, so who changes groups in the middle of a day has two rows of it.
"""

from __future__ import annotations

import uuid
from functools import cache

from django.conf import settings
from django.db import connection, models
from django.utils.translation import gettext_lazy

from chat.core.endings import Status
from chat.core.limits import MODEL_CHARACTERS, PROVIDER_CHARACTERS
from chat.models.sql import insert, prepared, scalar
from chat.models.users import groups_field, groups_table

CURRENCY_CHARACTERS = 3
GROUPS_CHARACTERS = 500
MOST_SUM = 9_000_000_000_000_000_000
"""Of a day's cost, in billionths: a sum that would not fit is this."""


class Kind(models.TextChoices):
    ANSWER = "answer", gettext_lazy("answers")
    TITLE = "title", gettext_lazy("titles")


FAILURES = {Kind.ANSWER: (Status.FAILED, Status.TRUNCATED, Status.INTERRUPTED), Kind.TITLE: (Status.FAILED,)}
"""A title is written down as interrupted before it is asked for: one that is being made has not failed."""


class UsageEntry(models.Model):
    """One run that asked a model: written once, when it ends, and never changed but for its owner's name."""

    # The generation's; a new one for a title. No foreign key: it stays when the generation goes.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=6, choices=Kind)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    provider = models.CharField(max_length=PROVIDER_CHARACTERS)
    model = models.CharField(max_length=MODEL_CHARACTERS)
    status = models.CharField(max_length=11)
    # When it began, and on which day that was in TIME_ZONE: its price is that of this moment.
    at = models.DateTimeField()
    day = models.DateField()
    input = models.BigIntegerField(default=0)
    cached = models.BigIntegerField(default=0)
    output = models.BigIntegerField(default=0)
    reasoning = models.BigIntegerField(default=0)
    is_estimated = models.BooleanField(default=False)
    # In billionths of the currency; null: nobody knew the price.
    cost = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=CURRENCY_CHARACTERS)
    first_token_ms = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name = gettext_lazy("usage of a run")
        verbose_name_plural = gettext_lazy("usage of runs")
        default_permissions = ()
        indexes = [models.Index("day", name="usage_of_day")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def store(self) -> bool:
        """With its day's sum, in a transaction of the caller's. False, and nothing is done, if it is there already."""
        if not insert([self], conflict="ON CONFLICT DO NOTHING"):
            return False
        DailyUsage.add(self)
        return True

    def replace(self) -> None:
        """In the place of the row with its id, in a transaction of the caller's: its day's sum changes as much."""
        before = sums_of(UsageEntry.objects.select_for_update().get(pk=self.pk))
        self.save(force_update=True)
        DailyUsage.add(self, {name: value - before[name] for name, value in sums_of(self).items()})

    @property
    def group_ids(self) -> str:
        """Of its owner's groups, as they are now."""
        if not groups_field():
            return ""
        return str(scalar(f"SELECT {_groups(connection.vendor)}", prepared(DailyUsage, "owner_id", self.owner_id)))


class UsageSums(models.Model):
    """Of some runs."""

    runs = models.BigIntegerField(default=0)
    failures = models.BigIntegerField(default=0)
    input = models.BigIntegerField(default=0)
    cached = models.BigIntegerField(default=0)
    output = models.BigIntegerField(default=0)
    reasoning = models.BigIntegerField(default=0)
    # How many of the runs are estimates, and how many have no price; the cost is that of the others.
    estimates = models.BigIntegerField(default=0)
    unpriced = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    # Of how many runs the first token came, and how long all of these waited for it together.
    begun = models.BigIntegerField(default=0)
    first_token_ms = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


SUMS = tuple(field.name for field in UsageSums._meta.local_fields)


class DailyUsage(UsageSums):
    """Sums of UsageEntry by day, owner, groups, provider, model, kind and currency."""

    day = models.DateField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    # Their ids on that day, as in "3,17".
    group_ids = models.CharField(max_length=GROUPS_CHARACTERS, default="")
    provider = models.CharField(max_length=PROVIDER_CHARACTERS)
    model = models.CharField(max_length=MODEL_CHARACTERS)
    kind = models.CharField(max_length=6, choices=Kind)
    currency = models.CharField(max_length=CURRENCY_CHARACTERS)

    KEY = ("day", "owner_id", "group_ids", "provider", "model", "kind", "currency")

    class Meta:
        verbose_name = gettext_lazy("usage")
        verbose_name_plural = gettext_lazy("usage")
        default_permissions = ()
        permissions = [("view_usage", "May see what everybody uses and what it costs")]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "owner", "group_ids", "provider", "model", "kind", "currency"], name="daily_usage_once"
            )
        ]
        indexes = [models.Index("owner", "day", name="daily_usage_of_owner")]

    def __str__(self) -> str:
        return f"{self.day} {self.provider}/{self.model}"

    @classmethod
    def add(cls, entry: UsageEntry, sums: dict[str, int] | None = None) -> None:
        """One statement: the day's first run makes the row, others add to it. `sums`: not all of it, but these."""
        key, sums = [name for name in cls.KEY if name != "group_ids"], sums or sums_of(entry)
        values = [prepared(cls, name, getattr(entry, name)) for name in key]
        owner = [prepared(cls, "owner_id", entry.owner_id)] if groups_field() else []
        with connection.cursor() as cursor:
            cursor.execute(_addition((*key, *sums), connection.vendor), [*values, *sums.values(), *owner])


def sums_of(entry: UsageEntry) -> dict[str, int]:
    """What one run adds to its day."""
    waited = entry.first_token_ms
    return {
        "runs": 1,
        "failures": int(entry.status in FAILURES[Kind(entry.kind)]),
        "input": entry.input,
        "cached": entry.cached,
        "output": entry.output,
        "reasoning": entry.reasoning,
        "estimates": int(entry.is_estimated),
        "unpriced": int(entry.cost is None),
        "cost": entry.cost or 0,
        "begun": int(waited is not None),
        "first_token_ms": waited or 0,
    }


@cache
def _addition(names: tuple[str, ...], vendor: str) -> str:
    """The values of these columns, and the owner again if users have groups."""
    table = DailyUsage._meta.db_table
    changes = ", ".join(f"{name} = {_sum(table, name)}" for name in SUMS)
    return (
        f"INSERT INTO {table} ({', '.join(names)}, group_ids) "  # noqa: S608 - names of ours and of the project's
        f"VALUES ({', '.join(['%s'] * len(names))}, {_groups(vendor)}) "
        f"ON CONFLICT ({', '.join(DailyUsage.KEY)}) DO UPDATE SET {changes}"
    )


def _sum(table: str, name: str) -> str:
    added = f"{table}.{name} + EXCLUDED.{name}"
    if name != "cost":
        return added
    most = f"{MOST_SUM} - EXCLUDED.{name}"
    return f"CASE WHEN {table}.{name} > {most} THEN {MOST_SUM} ELSE {added} END"


def _groups(vendor: str) -> str:
    """The owner's groups as they are now, whatever the project's user model calls the table: as many as have room."""
    if not groups_field():
        return "''"
    table, owner, group = groups_table()
    own = f"SELECT CAST({group} AS TEXT) AS id FROM {table} WHERE {owner} = %s"  # noqa: S608
    counted = f"SELECT id, SUM(LENGTH(id) + 1) OVER (ORDER BY LENGTH(id), id) - 1 AS until FROM ({own}) own"  # noqa: S608
    joined = "string_agg(id, ',' ORDER BY until)" if vendor == "postgresql" else "group_concat(id, ',')"
    ids = f"SELECT id, until FROM ({counted}) counted WHERE until <= {GROUPS_CHARACTERS} ORDER BY until"  # noqa: S608
    return f"COALESCE((SELECT {joined} FROM ({ids}) mine), '')"  # noqa: S608
