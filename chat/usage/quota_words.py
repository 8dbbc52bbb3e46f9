"""What users are told of their quotas."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from math import ceil
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import lazy
from django.utils.translation import gettext, ngettext

from chat.conf import settings
from chat.core.quotas import Allowance, Period, Unit
from chat.errors import OverQuota
from chat.i18n import gettext_noop as _
from chat.i18n import translated
from chat.usage.money import money

LINE_PERCENT = 80
"""From here on users are told so where they ask."""

REFUSED = {
    Period.DAY: _(
        "Your quota for today has room for %(left)s more, and this may take %(wanted)s. "
        "It renews on %(when)s; if you need more before that, ask %(contact)s."
    ),
    Period.WEEK: _(
        "Your quota for this week has room for %(left)s more, and this may take %(wanted)s. "
        "It renews on %(when)s; if you need more before that, ask %(contact)s."
    ),
    Period.MONTH: _(
        "Your quota for this month has room for %(left)s more, and this may take %(wanted)s. "
        "It renews on %(when)s; if you need more before that, ask %(contact)s."
    ),
}
PERIODS = {Period.DAY: _("Today"), Period.WEEK: _("This week"), Period.MONTH: _("This month")}
LINES = {
    Period.DAY: _("You have used %(percent)s %% of your quota for today. Until %(when)s there is room for %(left)s."),
    Period.WEEK: _(
        "You have used %(percent)s %% of your quota for this week. Until %(when)s there is room for %(left)s."
    ),
    Period.MONTH: _(
        "You have used %(percent)s %% of your quota for this month. Until %(when)s there is room for %(left)s."
    ),
}


def refusal(full: Allowance, wanted: int) -> OverQuota:
    """Of what would take so much."""
    unit, renews = full.limit.unit, full.limit.renews
    values = {
        "left": later(in_words, unit, full.left),
        "wanted": later(in_words, unit, wanted),
        "when": later(date_format, renews),
        "contact": settings.CHAT_QUOTA_CONTACT or later(gettext, "the administrator"),
    }
    return OverQuota(REFUSED[full.limit.period], values=values, retry_after=seconds_until(renews))


def line(held: list[Allowance]) -> str:
    """What is said beside the field for questions, if little is left of one of these; else nothing."""
    told = little_left(held)
    return translated(*told) if told else ""


def little_left(held: list[Allowance]) -> tuple[str, dict[str, int | str]] | None:
    """The same, for whoever says it later, as `translated` does."""
    most = max(held, key=lambda each: each.percent, default=None)
    if most is None or most.percent < LINE_PERCENT:
        return None
    limit = most.limit
    left, when = later(in_words, limit.unit, most.left), later(date_format, limit.renews)
    return LINES[limit.period], {"percent": most.percent, "left": left, "when": when}


@dataclass(frozen=True, slots=True)
class Left:
    """Of a quota, in words."""

    period: str
    amount: str
    used: str
    left: str
    renews: date
    percent: int


def table(held: list[Allowance]) -> list[Left]:
    return [
        Left(
            gettext(PERIODS[each.limit.period]),
            in_words(each.limit.unit, each.limit.amount),
            in_words(each.limit.unit, each.used),
            in_words(each.limit.unit, each.left),
            each.limit.renews,
            each.percent,
        )
        for each in held
    ]


def in_words(unit: Unit, amount: int) -> str:
    """In the language of whoever is served."""
    if unit == Unit.MONEY:
        return money(amount, settings.CHAT_CURRENCY)
    shown = {"count": number_format(amount, force_grouping=True)}
    if unit == Unit.TOKENS:
        return ngettext("%(count)s token", "%(count)s tokens", amount) % shown
    return ngettext("%(count)s message", "%(count)s messages", amount) % shown


def seconds_until(day: date) -> int:
    """Until it begins in TIME_ZONE. Where its midnight is left out, that is when the clocks go on."""
    begins = datetime.combine(day, time(), timezone.get_default_timezone())
    return max(1, ceil(begins.timestamp() - timezone.now().timestamp()))


def later(say: Callable[..., str], *values: Any) -> str:
    """In the language in which it is shown at last."""
    return lazy(say, str)(*values)
