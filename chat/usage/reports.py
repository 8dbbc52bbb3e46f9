"""What was used and what it cost, from the daily sums: by day, month, model, group or user.

Of a group counts what its members used while they were in it; who is in two counts in both, so the groups add up to
more than the whole. What costs are in stands beside each: a site that changes its currency has rows in both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from chat.models import DailyUsage
from chat.models.users import has_field
from chat.providers.registry import registry
from chat.usage.prices import day_of

WAYS = ("day", "month", "model", "group", "user")


@dataclass(slots=True)
class Sums:
    """Of some runs. `cost` is in billionths of the currency, of those whose price was known."""

    runs: int = 0
    failures: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    estimates: int = 0
    unpriced: int = 0
    cost: int = 0
    begun: int = 0
    first_token_ms: int = 0

    def add(self, other: Sums) -> None:
        for field in fields(Sums):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    @property
    def tokens(self) -> int:
        return self.input + self.output

    @property
    def known_cost(self) -> int | None:
        """None if no price was known."""
        return self.cost if self.unpriced < self.runs else None

    @property
    def first_token_seconds(self) -> float | None:
        """On the average."""
        return self.first_token_ms / self.begun / 1000 if self.begun else None


@dataclass(frozen=True, slots=True)
class Row:
    key: Any
    """A day (of a month the first), a provider and a model, the id of a group or a user as text; "" for none."""
    currency: str
    sums: Sums


def report(rows: QuerySet[DailyUsage], by: str) -> list[Row]:
    """In order of time, or those first that used most."""
    found = _by_group(rows) if by == "group" else _grouped(rows, by)
    if by in ("day", "month"):
        return sorted(found, key=lambda row: (row.key, row.currency))
    return sorted(found, key=lambda row: (-row.sums.cost, -row.sums.tokens, str(row.key)))


def in_range(since: date, until: date) -> QuerySet[DailyUsage]:
    """Both days included."""
    return DailyUsage.objects.filter(day__gte=since, day__lte=until)


def total(rows: Iterable[Row]) -> dict[str, Sums]:
    """By currency."""
    by_currency: dict[str, Sums] = {}
    for row in rows:
        by_currency.setdefault(row.currency, Sums()).add(row.sums)
    return by_currency


def _grouped(rows: QuerySet[DailyUsage], by: str) -> list[Row]:
    names = {"model": ("provider", "model"), "user": ("owner",), "month": ("month",)}.get(by, (by,))
    if by == "month_model":
        names = ("month", "provider", "model")
    if "month" in names:
        rows = rows.annotate(month=TruncMonth("day"))
    totals = {
        f"all_{field.name}": Sum(field.name, output_field=models.DecimalField(max_digits=40, decimal_places=0))
        for field in fields(Sums)
    }
    found = rows.order_by().values_list(*names, "currency").annotate(**totals)
    count = len(names)
    return [Row(_key(values[:count]), values[count], Sums(*map(int, values[count + 1 :]))) for values in found]


def _key(values: tuple[Any, ...]) -> Any:
    if len(values) > 1:
        return values
    return values[0] if isinstance(values[0], date) else "" if values[0] is None else str(values[0])


def _by_group(rows: QuerySet[DailyUsage]) -> list[Row]:
    by_group: dict[tuple[str, str], Sums] = {}
    for row in _grouped(rows, "group_ids"):
        for group in row.key.split(","):
            by_group.setdefault((group, row.currency), Sums()).add(row.sums)
    return [Row(group, currency, sums) for (group, currency), sums in by_group.items()]


@dataclass(frozen=True, slots=True)
class Month:
    """What somebody has used of one model in it."""

    month: date
    model: str
    """As people call it."""
    currency: str
    sums: Sums


def months_of(owner_id: Any, most: int = 24) -> list[Month]:
    """The last months of a user, the latest first."""
    rows = DailyUsage.objects.filter(owner=owner_id, day__gte=_months_ago(most))
    found = _grouped(rows, "month_model")
    months = [Month(row.key[0], _title(*row.key[1:]), row.currency, row.sums) for row in found]
    return sorted(months, key=lambda each: (-each.month.toordinal(), -each.sums.cost, each.model))


def _months_ago(count: int) -> date:
    today = day_of(timezone.now())
    months = today.year * 12 + today.month - count
    return date(months // 12, months % 12 + 1, 1)


def _title(provider: str, key: str) -> str:
    model = registry().find(key)
    return model.title if model and model.provider.name == provider else key


# Names


def names_of(keys: Iterable[str], by: str) -> dict[str, str]:
    """Of groups or users that are there still, by their ids."""
    model: Any = get_user_model()
    if by == "group":
        model = model._meta.get_field("groups").related_model if has_field("groups") else None
    if model is None:
        return {}
    return {str(pk): str(each) for pk, each in _in_bulk(model, [key for key in keys if key]).items()}


def _in_bulk(model: Any, keys: list[str]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for start in range(0, len(keys), 500):
        found |= model._base_manager.in_bulk(keys[start : start + 500])
    return found
