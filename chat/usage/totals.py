"""Making the totals of days and months that are over (chat/models/usage_totals.py says why).

Each step is a transaction of its own, behind a lock of the mark: whichever process comes second finds it done.
"""

from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Min, Sum
from django.utils import timezone

from chat.core.quotas import Period
from chat.models import DailyUsage, DayTotal, MonthTotal, TotalsMark
from chat.models.sql import prepared
from chat.models.usage import MOST_SUM, SUMS, UsageEntry, sums_of
from chat.usage.prices import BILLIONTHS, day_of

ONE = timedelta(days=1)
COST: dict[str, Any] = {"whole": Sum(F("cost") / BILLIONTHS), "rest": Sum(F("cost") % BILLIONTHS)}
"""Of costs the whole and the billionths by themselves: their sum may be more than SQLite counts to."""
OVER = timedelta(days=3)
"""A day has totals when it was as long ago."""
LATE = timedelta(days=2)
"""Who ends a run of a day as long ago looks for its totals: a day sooner, for clocks differ and transactions last."""


def make_totals() -> int:
    """Of all days that are over and have none yet. Returns in how many steps, of a month at most; often in none.

    Where nothing was used nothing is written.
    """
    last, steps = day_of(timezone.now()) - OVER, 0
    mark = TotalsMark.read().day
    while mark < last and (used := _first_used(mark + ONE, last)):
        mark = _advance(min(last_day(used), last))
        steps += 1
    return steps


def _first_used(since: date, until: date) -> date | None:
    found: date | None = DailyUsage.objects.filter(day__range=(since, until)).aggregate(day=Min("day"))["day"]
    return found


def add_late(entry: UsageEntry) -> None:
    """In the transaction that stores it: to the totals of its day and month, where these have been made already."""
    if day_of(timezone.now()) - entry.day >= LATE:
        _add(entry)


@transaction.atomic
def _add(entry: UsageEntry) -> None:
    mark, sums = TotalsMark.lock(), sums_of(entry)
    common: dict[str, Any] = sums | {"kind": entry.kind, "currency": entry.currency}
    if entry.day <= mark.day:
        month = entry.day.replace(day=1)
        DayTotal.objects.create(day=entry.day, provider=entry.provider, model=entry.model, **common)
        MonthTotal.objects.create(month=month, owner_id=entry.owner_id, group_ids=entry.group_ids, **common)


@transaction.atomic
def forget_totals() -> None:
    """They are made anew, and until then pages read all from DailyUsage."""
    TotalsMark.lock()
    for totals in (DayTotal, MonthTotal):
        totals._default_manager.all().delete()
    TotalsMark.objects.update(day=date.min)


@transaction.atomic
def _advance(day: date) -> date:
    """To this day, in whose month all days are that have usage and no totals. Returns where the mark is then."""
    mark, month = TotalsMark.lock(), day.replace(day=1)
    if mark.day < day:
        _insert(DayTotal, mark.day + ONE, day)
        MonthTotal.objects.filter(month=month).delete()
        _insert(MonthTotal, month, day, month)
        mark.day = day
        mark.save(update_fields=["day"])
    return mark.day


def last_day(day: date) -> date:
    """Of its month."""
    return Period.MONTH.next(day) - ONE


def _insert(totals: "type[DayTotal | MonthTotal]", since: date, until: date, month: date | None = None) -> None:
    """Sums of these days. A cost that no column holds is the most that one does."""
    keys = ", ".join(name for name in totals.KEY if name != "month")
    counted = [name for name in SUMS if name != "cost"]
    sums, names = ", ".join(f"CAST(SUM({name}) AS BIGINT)" for name in counted), ", ".join(counted)
    whole, rest = f"SUM(cost / {BILLIONTHS})", f"SUM(cost % {BILLIONTHS})".replace("%", "%%")
    cost = f"CASE WHEN {whole} >= {MOST_SUM // BILLIONTHS} THEN {MOST_SUM} ELSE {whole} * {BILLIONTHS} + {rest} END"
    first = ("month, ", "%s, ") if month else ("", "")
    statement = (
        f"INSERT INTO {totals._meta.db_table} ({first[0]}{keys}, {names}, cost) "  # noqa: S608 - names of ours
        f"SELECT {first[1]}{keys}, {sums}, CAST({cost} AS BIGINT) FROM {DailyUsage._meta.db_table} "
        f"WHERE day >= %s AND day <= %s GROUP BY {keys}"
    )
    days = [prepared(DailyUsage, "day", day) for day in ([month] if month else []) + [since, until]]
    with connection.cursor() as cursor:
        cursor.execute(statement, days)
