"""Totals of days and months that are over say what the daily sums say, and a year is read from them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.utils import timezone

from chat.core.endings import Status
from chat.core.tokens import Tokens
from chat.models import DailyUsage, DayTotal, MonthTotal, TotalsMark, UsageEntry
from chat.models.usage import MOST_SUM
from chat.usage.prices import price_of
from chat.usage.reports import FIRST, LAST, PEOPLE, Row, report, total
from chat.usage.settling import settle
from chat.usage.totals import make_totals
from chat.usage.verifying import differences
from tests.support.queries import counted_queries
from tests.unit.usage.test_settling import running

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
WAYS = ("day", "month", "model", "group", "user")
RANGES = [
    (FIRST, LAST),
    (date(2026, 1, 1), date(2026, 12, 31)),
    (date(2026, 2, 2), date(2026, 4, 17)),
    (date(2026, 2, 1), date(2026, 3, 31)),
    (date(2026, 3, 2), date(2026, 3, 3)),
    (date(2026, 4, 19), date(2026, 4, 20)),
]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def spend(owner: User | None, days: Iterable[date], **fields: object) -> None:
    given = {"kind": "answer", "provider": "p", "model": "m", "status": "complete", "currency": "USD", "cost": 1}
    used = {"input": 10, "output": 5, "first_token_ms": 250}
    for day in days:
        UsageEntry(id=uuid4(), owner=owner, at=NOW, day=day, **given | used | fields).store()


@pytest.fixture
def spent(user: User) -> User:
    """Some in each of four months, by two users and nobody, one of them in other groups later."""
    days = [date(2026, 1, 1) + timedelta(days=6 * number) for number in range(19)]
    one, two = (Group.objects.create(name=name) for name in ("one", "two"))
    other = User.objects.create(username="other")
    spend(user, days[:12], cost=7_000_000_003)
    user.groups.set([one, two])
    other.groups.set([two])
    spend(user, days, cost=None, status="failed", model="n")
    spend(other, days[::2], kind="title", currency="EUR")
    spend(None, days[::3])
    return user


def all_reports() -> dict[Any, list[Row]]:
    return {(since, until, by): report(since, until, by) for since, until in RANGES for by in WAYS}


def test_totals_say_what_the_daily_sums_say(spent: User) -> None:
    before = all_reports()
    assert make_totals() == 4  # a step for each month
    assert all_reports() == before
    assert TotalsMark.read().day == date(2026, 4, 17)
    assert differences() == []
    assert make_totals() == 0
    DailyUsage.objects.filter(day__lte=date(2026, 4, 17)).delete()
    since, until = RANGES[1]
    assert all(report(since, until, by) == before[since, until, by] for by in WAYS)


def test_the_next_day_is_added(spent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    spend(spent, [date(2026, 4, 18), date(2026, 4, 19)])
    make_totals()
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(days=1))
    before = all_reports()
    assert make_totals() == 1
    assert all_reports() == before
    assert differences() == []


def test_a_run_of_long_ago_that_ends_now_is_in_its_totals(spent: User) -> None:
    make_totals()
    generation = running(spent, created_at=datetime(2026, 2, 3, 12, tzinfo=UTC))
    before = total(report(*RANGES[1], "month"))["USD"].runs
    settle(generation, Tokens(1), Status.INTERRUPTED)
    settle(generation, Tokens(1), Status.INTERRUPTED)
    assert total(report(*RANGES[1], "month"))["USD"].runs == before + 1
    assert differences() == []


def test_a_run_of_today_adds_to_its_day_alone(spent: User) -> None:
    make_totals()
    generation = running(spent, created_at=NOW - timedelta(days=1))
    price_of("", "", NOW)  # which reads staff's prices, once in ten seconds
    with counted_queries() as queries:
        settle(generation, Tokens(1), Status.COMPLETE)
    assert [query.split()[2] for query in queries] == ["chat_usageentry", "chat_dailyusage"]


def test_where_nothing_was_used_nothing_is_written(user: User) -> None:
    assert make_totals() == 0
    assert not TotalsMark.objects.exists()


def test_a_report_takes_few_statements(spent: User) -> None:
    make_totals()
    for by in WAYS:
        with counted_queries() as queries:
            report(date(2026, 1, 2), date(2026, 4, 20), by)
        wanted = ["chat_totalsmark", "chat_daytotal", "chat_dailyusage"]
        if by in PEOPLE:  # whole months, and the days before and after them
            wanted = ["chat_totalsmark", "chat_monthtotal", "chat_dailyusage", "chat_dailyusage"]
        assert [query.split(' FROM "')[1].split('"')[0] for query in queries] == wanted


def test_costs_that_no_column_holds_are_added_all_the_same(user: User) -> None:
    days = [date(2026, 2, 1), date(2026, 2, 2), date(2026, 2, 3)]
    spend(user, days, cost=MOST_SUM)
    spend(user, days[:1], cost=MOST_SUM)
    before = all_reports()
    assert total(report(*RANGES[0], "day"))["USD"].cost == 3 * MOST_SUM
    assert make_totals() == 1  # of February
    assert report(*RANGES[0], "day") == before[*RANGES[0], "day"]
    assert MonthTotal.objects.get().cost == MOST_SUM
    assert differences() == []


def test_a_total_that_is_not_its_sums_is_found_and_made_anew(spent: User) -> None:
    make_totals()
    DayTotal.objects.filter(day=date(2026, 1, 1), model="n").update(runs=9)
    MonthTotal.objects.filter(month=date(2026, 3, 1), owner=spent).update(input=9)
    assert {(each.day, each.of[0], each.name) for each in differences()} == {
        (date(2026, 1, 1), "day", "runs"),
        (date(2026, 3, 1), "month", "input"),
    }
    call_command("usage", "--make-totals", stdout=(said := StringIO()))
    assert said.getvalue() == "Made the totals anew, up to 2026-04-17.\n"
    assert differences() == []


def test_who_is_erased_leaves_the_totals_without_a_name(spent: User) -> None:
    make_totals()
    spent.delete()
    assert {row.key for row in report(*RANGES[1], "user")} == {"", str(User.objects.get().pk)}
    assert differences() == []
