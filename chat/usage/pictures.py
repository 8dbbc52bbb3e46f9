"""What a report says as bars: where each of them stands and how long it is. A table beside them says it in numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from chat.usage.money import count, money
from chat.usage.reports import Row, Sums, summed

WIDTH, HEIGHT = 720, 160
LOWEST = 3
"""Of a bar that is not nothing: it is to be seen."""
LONGEST = 400
"""Days that are drawn with those before and after in which nothing was used."""


@dataclass(frozen=True, slots=True)
class Bar:
    x: str
    y: str
    width: str
    height: str
    title: str
    is_unknown: bool
    """Nobody knows how long it is: an outline."""


@dataclass(frozen=True, slots=True)
class Picture:
    currency: str
    bars: list[Bar]
    most: str
    first: str
    last: str
    """What stands below its ends."""

    @property
    def has_unknown(self) -> bool:
        return any(bar.is_unknown for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Line:
    """A bar that lies, with what it is of."""

    label: str
    width: str
    said: str


def amount(sums: Sums, measure: str) -> float | None:
    """None: unknown."""
    if measure == "cost":
        return sums.known_cost
    return sums.first_token_seconds if measure == "first_token" else getattr(sums, measure)


def said(sums: Sums, measure: str, currency: str) -> str:
    found = amount(sums, measure)
    if measure == "cost":
        partial = " " + _("and more, unknown") if sums.is_cost_partial else ""
        return money(sums.known_cost, currency) + partial
    if measure == "first_token":
        return "–" if found is None else _("%(count)s s") % {"count": number_format(found, decimal_pos=2)}
    return count(int(found or 0))


def is_nothing(rows: Iterable[Row], measure: str) -> bool:
    """Is there no bar to be drawn? A cost that nobody knows is one."""
    values = [amount(row.sums, measure) for row in rows]
    return not any(values) and not (measure == "cost" and None in values)


def pictures(rows: Sequence[Row], measure: str, by: str, since: date, until: date) -> list[Picture]:
    """One for each currency where it is of costs. `rows` are those of days or months."""
    if measure != "cost":
        return [_picture(_together(rows), measure, by, since, until)] if rows else []
    currencies = sorted({row.currency for row in rows})
    return [_picture([row for row in rows if row.currency == one], measure, by, since, until) for one in currencies]


def _together(rows: Iterable[Row]) -> list[Row]:
    """Whatever the currency."""
    return [Row(key, "", sums) for key, sums in summed((row.key, row.sums) for row in rows).items()]


def _picture(rows: list[Row], measure: str, by: str, since: date, until: date) -> Picture:
    if (until - since).days > LONGEST:
        since, until = rows[0].key, rows[-1].key
    place = _month if by == "month" else date.toordinal
    wide = WIDTH / (place(until) - place(since) + 1)
    most = max((amount(row.sums, measure) or 0 for row in rows), default=0)
    bars = [_bar(row, measure, by, (place(row.key) - place(since)) * wide, wide, most) for row in rows]
    highest = max(rows, key=lambda row: amount(row.sums, measure) or 0)
    ends = (named(since, by), named(until, by))
    return Picture(rows[0].currency, bars, said(highest.sums, measure, highest.currency), *ends)


def _bar(row: Row, measure: str, by: str, x: float, wide: float, most: float) -> Bar:
    value = amount(row.sums, measure)
    is_unknown = value is None and measure == "cost"
    high = max(LOWEST, HEIGHT * value / most) if value and most else 2 * LOWEST if is_unknown else 0
    title = f"{named(row.key, by)}: {said(row.sums, measure, row.currency)}"
    left, top, width, height = (f"{each:.2f}" for each in (x + wide * 0.1, HEIGHT - high, wide * 0.8, high))
    return Bar(left, top, width, height, title, is_unknown)


def lines(rows: Sequence[tuple[str, Row]], measure: str) -> list[Line]:
    """Of models, groups or users, with what they are called."""
    values = [amount(row.sums, measure) or 0 for _label, row in rows]
    most = max(values, default=0) or 1
    return [
        Line(label, f"{max(0.5, 100 * value / most) if value else 0:.2f}", said(row.sums, measure, row.currency))
        for (label, row), value in zip(rows, values, strict=True)
    ]


def named(day: date, by: str) -> str:
    return date_format(day, "YEAR_MONTH_FORMAT" if by == "month" else "SHORT_DATE_FORMAT")


def _month(day: date) -> int:
    return day.year * 12 + day.month
