"""Do the sums by day equal the rows?"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from chat.models import DailyUsage, UsageEntry
from chat.models.usage import FAILURES

KEY = ("day", "owner", "provider", "model", "kind", "currency")


@dataclass(frozen=True, slots=True)
class Difference:
    day: date
    of: tuple[Any, ...]
    """Owner, provider, model, kind and currency."""
    name: str
    rows: int
    sums: int


def differences(since: date = date.min) -> list[Difference]:
    """Day by day, in two statements each, so that what ends meanwhile is not taken for one."""
    days = {*_days(UsageEntry.objects.all(), since), *_days(DailyUsage.objects.all(), since)}
    return [each for day in sorted(days) for each in _of_day(day)]


def _days(rows: QuerySet[Any], since: date) -> QuerySet[Any]:
    return rows.filter(day__gte=since).order_by().values_list("day", flat=True).distinct()


def _of_day(day: date, tries: int = 3) -> list[Difference]:
    """Looked at again where they differ: a run may have ended in between."""
    rows, sums = _rows(day), _sums(day)
    nothing = dict.fromkeys(DailyUsage.SUMS, 0)
    found = [
        Difference(day, key[1:], name, wanted, got)
        for key in sorted({*rows, *sums}, key=str)
        for name in DailyUsage.SUMS
        if (wanted := rows.get(key, nothing)[name]) != (got := sums.get(key, nothing)[name])
    ]
    return _of_day(day, tries - 1) if found and tries > 1 else found


def _sums(day: date) -> dict[tuple[Any, ...], dict[str, int]]:
    return _by_key(DailyUsage.objects.filter(day=day), {name: Sum(name) for name in DailyUsage.SUMS})


def _rows(day: date) -> dict[tuple[Any, ...], dict[str, int]]:
    counted: dict[str, models.Aggregate] = {
        "runs": Count("pk"),
        "failures": Count("pk", filter=Q(status__in=FAILURES)),
        "estimates": Count("pk", filter=Q(is_estimated=True)),
        "unpriced": Count("pk", filter=Q(cost=None)),
        "begun": Count("first_token_ms"),
    }
    added = {name: Sum(name) for name in ("input", "cached", "output", "reasoning", "cost", "first_token_ms")}
    return _by_key(UsageEntry.objects.filter(day=day), counted | added)


def _by_key(rows: QuerySet[Any], sums: dict[str, Any]) -> dict[tuple[Any, ...], dict[str, int]]:
    named = {f"sum_{name}": Coalesce(each, 0) for name, each in sums.items()}
    found = rows.order_by().values(*KEY).annotate(**named)
    return {tuple(row[name] for name in KEY): {name: int(row[f"sum_{name}"]) for name in sums} for row in found}
