"""Quotas: what they count, for which stretches of days, and which of them hold for a user.

Of each unit and each period one quota holds for a user, in this order: their own; else the most generous of those of
the groups that they are in; else everybody's. One without an amount is as generous as can be: it lifts what others
would be held to. What staff have granted is added to the amount.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum, StrEnum

from chat.core.tokens import Tokens

MOST_AMOUNT = 10**16
"""Of a quota: what is more counts as this much, here as in what was spent in a day."""
ROOM = 5
"""An estimate of a prompt is reserved with a part of this size more."""


class Unit(StrEnum):
    MONEY = "money"
    """In billionths of CHAT_CURRENCY."""
    TOKENS = "tokens"
    MESSAGES = "messages"
    """Answers that are asked for, but for those that failed."""


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"
    """From Monday on (ISO 8601)."""
    MONTH = "month"

    def first(self, day: date) -> date:
        """Of the period that this day is in."""
        if self == Period.MONTH:
            return day.replace(day=1)
        return day - timedelta(days=day.weekday()) if self == Period.WEEK else day

    def next(self, day: date) -> date:
        """The first day of the one after that."""
        if self == Period.MONTH:
            return date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return self.first(day) + timedelta(days=7 if self == Period.WEEK else 1)


class Level(IntEnum):
    """Whose a quota is; the highest that has one holds."""

    EVERYBODY = 0
    GROUP = 1
    USER = 2
    GRANT = 3
    """None, but what is added to it."""


@dataclass(frozen=True, slots=True)
class Row:
    """Of a quota, or of a grant."""

    unit: Unit
    period: Period
    level: Level
    amount: int | None


@dataclass(frozen=True, slots=True)
class Limit:
    """What holds for a user in the present period."""

    unit: Unit
    period: Period
    amount: int
    first: date
    renews: date
    """The first day of the next period."""


def limits(rows: Iterable[Row], day: date) -> list[Limit]:
    """What holds on this day for whose rows these are."""
    by_kind: dict[tuple[Unit, Period], list[Row]] = {}
    for row in rows:
        by_kind.setdefault((row.unit, row.period), []).append(row)
    amounts = {kind: _amount(those) for kind, those in sorted(by_kind.items())}
    return [
        Limit(unit, period, amount, period.first(day), period.next(day))
        for (unit, period), amount in amounts.items()
        if amount is not None
    ]


def _amount(rows: list[Row]) -> int | None:
    """None: none holds."""
    quotas = [row for row in rows if row.level != Level.GRANT]
    if not quotas:
        return None
    highest = max(row.level for row in quotas)
    amounts = [row.amount for row in quotas if row.level == highest]
    if None in amounts:
        return None
    granted = sum(row.amount or 0 for row in rows if row.level == Level.GRANT)
    return min(max(amount for amount in amounts if amount is not None) + granted, MOST_AMOUNT)


@dataclass(frozen=True, slots=True)
class Allowance:
    """A quota that holds for a user, and what of it is gone: spent, or reserved for what is being written."""

    limit: Limit
    used: int

    @property
    def left(self) -> int:
        return max(0, self.limit.amount - self.used)

    @property
    def percent(self) -> int:
        """That is used, rounded down. Of a quota of nothing all is."""
        return min(100, self.used * 100 // self.limit.amount) if self.limit.amount else 100

    def has_room(self, wanted: int) -> bool:
        """What costs nothing always has."""
        return wanted <= 0 or self.used + wanted <= self.limit.amount


def most_of(prompt: int, output: int) -> Tokens:
    """What a request may use whose prompt was estimated to have so many tokens, and whose answer so many at most."""
    return Tokens(prompt + -(-prompt // ROOM), 0, output, is_estimated=True)
