"""What was used and what it cost, from the daily sums: by day, month, model, group or user.

Of days and months that are over there are totals (totals.py), which have few rows; the rest is read from the daily
sums themselves. Of a group counts what its members used while they were in it; who is in two counts in both, so the
groups add up to more than the whole. What costs are in stands beside each: a site that changes its currency has both.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, TypeVar

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import timezone

from chat.core.batches import batches
from chat.core.quotas import Period
from chat.models import DailyUsage, DayTotal, MonthTotal, TotalsMark
from chat.models.usage import Kind
from chat.models.users import groups_field
from chat.providers.registry import registry
from chat.usage.prices import BILLIONTHS, day_of
from chat.usage.totals import COST, ONE, last_day

FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)
"""Nothing was used before or after."""
K = TypeVar("K")
OF_TIME = ("day", "month")
PEOPLE = ("group", "user")


class Sums(NamedTuple):
    """Of some runs. `cost` is in billionths of the currency, of those whose price was known."""

    runs: int = 0
    titles: int = 0
    """Of the runs: the others are answers."""
    failures: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    estimates: int = 0
    unpriced: int = 0
    begun: int = 0
    first_token_ms: int = 0
    cost: int = 0

    def plus(self, other: Sums) -> Sums:
        return Sums(*map(operator.add, self, other))

    @property
    def answers(self) -> int:
        return self.runs - self.titles

    @property
    def tokens(self) -> int:
        return self.input + self.output

    @property
    def known_cost(self) -> int | None:
        """None if no price was known."""
        return self.cost if self.unpriced < self.runs else None

    @property
    def is_cost_partial(self) -> bool:
        """Does it cost more than that, which nobody knows?"""
        return 0 < self.unpriced < self.runs

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


def report(since: date, until: date, by: str) -> list[Row]:
    """Both days included. In order of time, or those first that cost most."""
    since, until = max(since, FIRST), min(until, LAST)
    if since > until:
        return []
    rows = _of_people(since, until, by) if by in PEOPLE else _of_days(since, until, by)
    if by in OF_TIME:
        return sorted(rows, key=lambda row: (row.key, row.currency))
    return sorted(rows, key=lambda row: (-row.sums.cost, -row.sums.tokens, str(row.key)))


def total(rows: Iterable[Row]) -> dict[str, Sums]:
    """By currency."""
    return summed((row.currency, row.sums) for row in rows)


def summed(parts: Iterable[tuple[K, Sums]]) -> dict[K, Sums]:
    found: dict[K, Sums] = {}
    for key, sums in parts:
        found[key] = found[key].plus(sums) if key in found else sums
    return found


def _of_days(since: date, until: date, by: str) -> list[Row]:
    mark = TotalsMark.read()
    names = ("provider", "model") if by == "model" else ("day",)
    found = _grouped(_between(DayTotal, since, min(until, mark.day)), *names)
    found += _grouped(_between(DailyUsage, max(since, mark.day + ONE), until), *names)
    return _merged((row.key.replace(day=1) if by == "month" else row.key, row) for row in found)


def _of_people(since: date, until: date, by: str) -> list[Row]:
    """Of whole months from their totals, and the days before and after."""
    name = "group_ids" if by == "group" else "owner"
    first = since if since.day == 1 else Period.MONTH.next(since)
    mark, whole = TotalsMark.read().day, until if until == last_day(until) else until.replace(day=1) - ONE
    end = mark if mark <= until else whole
    if first > end:
        found = _grouped(_between(DailyUsage, since, until), name)
    else:
        found = _grouped(MonthTotal.objects.filter(month__gte=first, month__lte=end), name)
        found += _grouped(_between(DailyUsage, since, first - ONE), name)
        found += _grouped(_between(DailyUsage, end + ONE, until), name)
    return _merged((key, row) for row in found for key in (row.key.split(",") if by == "group" else [row.key]))


def _merged(rows: Iterable[tuple[Any, Row]]) -> list[Row]:
    merged = summed(((key, row.currency), row.sums) for key, row in rows)
    return [Row(key, currency, sums) for (key, currency), sums in merged.items()]


def _between(model: type[DailyUsage | DayTotal], since: date, until: date) -> QuerySet[Any] | None:
    """None: no days are."""
    return model._default_manager.filter(day__gte=since, day__lte=until) if since <= until else None


def _grouped(rows: QuerySet[Any] | None, *names: str) -> list[Row]:
    if rows is None:
        return []
    found = rows.order_by().values_list(*names, "currency").annotate(**_sums())
    count = len(names)
    return [Row(_key(values[:count]), values[count], _read(*map(int, values[count + 1 :]))) for values in found]


def _sums() -> dict[str, Any]:
    """In the order of `Sums`."""
    titles = Coalesce(Sum("runs", filter=Q(kind=Kind.TITLE)), 0)
    sums = {name: titles if name == "titles" else Sum(name) for name in Sums._fields if name != "cost"}
    return {f"all_{name}": each for name, each in (sums | COST).items()}


def _read(*values: int) -> Sums:
    *others, whole, rest = values
    return Sums._make([*others, whole * BILLIONTHS + rest])


def _key(values: tuple[Any, ...]) -> Any:
    if len(values) > 1:
        return values
    return values[0] if isinstance(values[0], date) else "" if values[0] is None else str(values[0])


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
    rows = DailyUsage.objects.filter(owner=owner_id, day__gte=_months_ago(most)).annotate(month=TruncMonth("day"))
    found = _grouped(rows, "month", "provider", "model")
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
    """Of groups or users that are there still, by their ids as text."""
    model: Any = get_user_model()
    if by == "group":
        field = groups_field()
        model = field and field.related_model
    if model is None:
        return {}
    ids = {key: pk for key in keys if key and (pk := _pk(model, key)) is not None}
    found = _in_bulk(model, list(ids.values()))
    return {key: str(found[pk]) for key, pk in ids.items() if pk in found}


def _pk(model: Any, key: str) -> Any:
    """As the model has it: SQLite gives a UUID without its hyphens."""
    try:
        return model._meta.pk.to_python(key)
    except ValidationError:
        return None


def _in_bulk(model: Any, keys: list[Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for some in batches(keys, 500):
        found |= model._base_manager.in_bulk(some)
    return found
