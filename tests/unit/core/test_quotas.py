"""Which quotas hold for a user, and from when to when."""

from datetime import date, timedelta

import pytest

from chat.core.quotas import MOST_AMOUNT, Allowance, Level, Limit, Period, Row, Unit, limits, most_of
from chat.core.tokens import Tokens

DAY = date(2026, 3, 5)  # a Thursday


def row(level: Level, amount: int | None, unit: Unit = Unit.TOKENS, period: Period = Period.DAY) -> Row:
    return Row(unit, period, level, amount)


def amounts(*rows: Row) -> list[int]:
    return [limit.amount for limit in limits(rows, DAY)]


@pytest.mark.parametrize(
    ("period", "day", "first", "renews"),
    [
        (Period.DAY, date(2026, 2, 28), date(2026, 2, 28), date(2026, 3, 1)),
        (Period.WEEK, date(2026, 3, 1), date(2026, 2, 23), date(2026, 3, 2)),
        (Period.WEEK, date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 9)),
        (Period.WEEK, date(2026, 1, 1), date(2025, 12, 29), date(2026, 1, 5)),
        (Period.MONTH, date(2026, 1, 31), date(2026, 1, 1), date(2026, 2, 1)),
        (Period.MONTH, date(2026, 12, 1), date(2026, 12, 1), date(2027, 1, 1)),
        (Period.MONTH, date(2028, 2, 29), date(2028, 2, 1), date(2028, 3, 1)),
    ],
)
def test_a_period_begins_and_renews(period: Period, day: date, first: date, renews: date) -> None:
    assert (period.first(day), period.next(day)) == (first, renews)


@pytest.mark.parametrize("period", Period)
def test_each_day_is_in_one_period_and_the_next_one_begins_where_it_ends(period: Period) -> None:
    for day in (DAY + timedelta(days=each) for each in range(800)):
        assert period.first(day) <= day < period.next(day)
        assert period.first(period.next(day)) == period.next(day)
        assert period.next(period.next(day) - timedelta(days=1)) == period.next(day)


def test_a_users_own_holds_whatever_their_groups_have() -> None:
    assert amounts(row(Level.EVERYBODY, 9), row(Level.GROUP, 8), row(Level.USER, 1)) == [1]


def test_the_most_generous_of_the_groups_holds_before_everybodys() -> None:
    assert amounts(row(Level.EVERYBODY, 9), row(Level.GROUP, 3), row(Level.GROUP, 5)) == [5]


def test_everybodys_holds_for_who_has_no_other() -> None:
    assert amounts(row(Level.EVERYBODY, 9)) == [9]


def test_one_without_an_amount_lifts_what_others_are_held_to() -> None:
    assert amounts(row(Level.EVERYBODY, 9), row(Level.GROUP, 3), row(Level.GROUP, None)) == []


def test_each_unit_and_period_has_its_own() -> None:
    rows = [row(Level.USER, 1), row(Level.EVERYBODY, 2, period=Period.MONTH), row(Level.GROUP, 3, Unit.MESSAGES)]
    found = {(limit.unit, limit.period): limit.amount for limit in limits(rows, DAY)}
    assert found == {("tokens", "day"): 1, ("tokens", "month"): 2, ("messages", "day"): 3}


def test_what_is_granted_is_added_to_what_holds_and_is_no_quota_by_itself() -> None:
    assert amounts(row(Level.GROUP, 5), row(Level.GRANT, 2), row(Level.GRANT, 3)) == [10]
    assert amounts(row(Level.GRANT, 2)) == []
    assert amounts(row(Level.USER, MOST_AMOUNT), row(Level.GRANT, MOST_AMOUNT)) == [MOST_AMOUNT]


@pytest.mark.parametrize(
    ("amount", "used", "wanted", "has_room", "left", "percent"),
    [
        (10, 7, 3, True, 3, 70),
        (10, 7, 4, False, 3, 70),
        (10, 12, 1, False, 0, 100),  # less was set than was spent
        (10, 12, 0, True, 0, 100),
        (0, 0, 1, False, 0, 100),
        (1000, 799, 0, True, 201, 79),
    ],
)
def test_what_is_left(amount: int, used: int, wanted: int, has_room: bool, left: int, percent: int) -> None:
    allowance = Allowance(Limit(Unit.TOKENS, Period.DAY, amount, DAY, DAY), used)
    assert (allowance.has_room(wanted), allowance.left, allowance.percent) == (has_room, left, percent)


def test_a_prompt_is_reserved_with_a_fifth_more_and_the_whole_answer() -> None:
    assert most_of(101, 4096) == Tokens(122, 0, 4096, is_estimated=True)
