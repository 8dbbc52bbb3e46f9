"""Do the sums by day equal the rows, and the totals these sums?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from chat.models import DailyUsage, DayTotal, MonthTotal, TotalsMark, UsageEntry
from chat.models.usage import FAILURES, MOST_SUM, SUMS, Kind
from chat.usage.prices import BILLIONTHS
from chat.usage.totals import COST, last_day

KEY = ("owner", "provider", "model", "kind", "currency")
DAY_KEY = ("provider", "model", "kind", "currency")
MONTH_KEY = ("owner", "group_ids", "kind", "currency")
Found = dict[tuple[Any, ...], dict[str, int]]


@dataclass(frozen=True, slots=True)
class Difference:
    day: date
    of: tuple[Any, ...]
    """What the sum is by: "runs", the owner, provider, model, kind and currency, and so on."""
    name: str
    rows: int
    sums: int


def differences(since: date = date.min) -> list[Difference]:
    """Day by day, in two statements each, so that what ends meanwhile is not taken for one."""
    days = {*_days(UsageEntry.objects.all(), since), *_days(DailyUsage.objects.all(), since)}
    mark = TotalsMark.read().day
    totalled = {day for day in days | set(_days(DayTotal.objects.all(), since)) if day <= mark}
    months = {day.replace(day=1) for day in totalled}
    return [
        *(each for day in sorted(days) for each in _of_day(day)),
        *(each for day in sorted(totalled) for each in _of_day_total(day)),
        *(each for month in sorted(months) for each in _of_month_total(month, mark)),
    ]


def _days(rows: QuerySet[Any], since: date) -> QuerySet[Any]:
    return rows.filter(day__gte=since).order_by().values_list("day", flat=True).distinct()


def _of_day(day: date) -> list[Difference]:
    entries, sums = UsageEntry.objects.filter(day=day), DailyUsage.objects.filter(day=day)
    return _compared(day, "runs", lambda: _by_key(entries, KEY, OF_ENTRIES), lambda: _by_key(sums, KEY, OF_SUMS))


def _of_day_total(day: date) -> list[Difference]:
    sums, totals = DailyUsage.objects.filter(day=day), DayTotal.objects.filter(day=day)
    return _compared(day, "day", lambda: _by_key(sums, DAY_KEY, OF_SUMS), lambda: _by_key(totals, DAY_KEY, OF_SUMS))


def _of_month_total(month: date, mark: date) -> list[Difference]:
    sums = DailyUsage.objects.filter(day__gte=month, day__lte=min(last_day(month), mark))
    totals = MonthTotal.objects.filter(month=month)
    return _compared(
        month, "month", lambda: _by_key(sums, MONTH_KEY, OF_SUMS), lambda: _by_key(totals, MONTH_KEY, OF_SUMS)
    )


def _compared(
    day: date, what: str, read_rows: Callable[[], Found], read_sums: Callable[[], Found], tries: int = 3
) -> list[Difference]:
    """Looked at again where they differ: a run may have ended in between."""
    rows, sums = read_rows(), read_sums()
    nothing = dict.fromkeys(SUMS, 0)
    found = [
        Difference(day, (what, *key), name, wanted, got)
        for key in sorted({*rows, *sums}, key=str)
        for name in SUMS
        if (wanted := rows.get(key, nothing)[name]) != (got := sums.get(key, nothing)[name])
    ]
    return _compared(day, what, read_rows, read_sums, tries - 1) if found and tries > 1 else found


def _added(*names: str) -> dict[str, Any]:
    return {name: Sum(name) for name in names} | COST


OF_SUMS = _added(*(name for name in SUMS if name != "cost"))
HAS_FAILED = Q(kind=Kind.ANSWER, status__in=FAILURES[Kind.ANSWER])
HAS_FAILED |= Q(kind=Kind.TITLE, status__in=FAILURES[Kind.TITLE])
OF_ENTRIES = _added("input", "cached", "output", "reasoning", "first_token_ms") | {
    "runs": Count("pk"),
    "failures": Count("pk", filter=HAS_FAILED),
    "estimates": Count("pk", filter=Q(is_estimated=True)),
    "unpriced": Count("pk", filter=Q(cost=None)),
    "begun": Count("first_token_ms"),
}


def _by_key(rows: QuerySet[Any], key: tuple[str, ...], sums: dict[str, Any]) -> Found:
    named = {f"sum_{name}": Coalesce(each, 0) for name, each in sums.items()}
    found = rows.order_by().values(*key).annotate(**named)
    return {tuple(row[name] for name in key): _read(row, sums) for row in found}


def _read(row: dict[str, Any], names: dict[str, Any]) -> dict[str, int]:
    """More than a column holds is as much as it holds."""
    read = {name: int(row[f"sum_{name}"]) for name in names}
    return read | {"cost": min(read.pop("whole") * BILLIONTHS + read.pop("rest"), MOST_SUM)}
