"""What everybody uses and what it costs, for those of the staff who may see it (`chat.view_usage`)."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.admin.csv_file import csv_file
from chat.admin.lookups import OfferedLookups
from chat.admin.read_only import ReadOnly
from chat.audit import Action, note
from chat.models import DailyUsage
from chat.models.users import has_permission
from chat.usage.money import count
from chat.usage.pictures import HEIGHT, WIDTH, amount, is_nothing, lines, named, pictures, said
from chat.usage.prices import BILLIONTHS, day_of
from chat.usage.reports import OF_TIME, PEOPLE, Row, names_of, report, total

DAYS = 30
MOST_ROWS = {"day": 400, "month": 400}
MOST = 100
"""Rows of a table that the page shows; of days those of a year. The file has all."""
MOST_LINES = 20
"""That are drawn of models, groups or users."""
WAYS = {
    "day": gettext_lazy("Day"),
    "month": gettext_lazy("Month"),
    "model": gettext_lazy("Model"),
    "group": gettext_lazy("Group"),
    "user": gettext_lazy("User"),
}
MEASURES = {
    "cost": gettext_lazy("Cost"),
    "tokens": gettext_lazy("Tokens"),
    "answers": gettext_lazy("Answers"),
    "failures": gettext_lazy("Failed runs"),
    "first_token": gettext_lazy("Seconds to the first token"),
}
SHOWN = ("answers", "titles", "failures", "input", "cached", "output", "reasoning")
SAVED = (*SHOWN, "estimates", "unpriced")
DATE = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class RangeForm(forms.Form):
    since = forms.DateField(label=gettext_lazy("From"), widget=DATE)
    until = forms.DateField(label=gettext_lazy("Until"), widget=DATE)
    by = forms.ChoiceField(label=gettext_lazy("By"), choices=list(WAYS.items()))
    measure = forms.ChoiceField(label=gettext_lazy("Drawn"), choices=list(MEASURES.items()))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "since" in cleaned and "until" in cleaned and cleaned["since"] > cleaned["until"]:
            raise forms.ValidationError(_("The first day is after the last one."))
        return cleaned


@dataclass(frozen=True, slots=True)
class Asked:
    since: date
    until: date
    by: str
    measure: str


@admin.register(DailyUsage)
class UsageAdmin(ReadOnly, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    """One page; there is nothing to change on it."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_permission(request.user, "chat.view_usage")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = RangeForm(_asked(request))
        if not form.is_valid():
            return self._page(request, {"form": form}, status=400)
        asked = Asked(**form.cleaned_data)
        rows = _sorted(report(asked.since, asked.until, asked.by), asked)
        if request.GET.get("format") == "csv":
            days = {"since": str(asked.since), "until": str(asked.until)}
            note(Action.EXPORT, request.user, (self.opts.label_lower, ""), by=asked.by, rows=len(rows), **days)
            return _file(rows, asked)
        may_grant = asked.by == "user" and has_permission(request.user, "chat.add_quotagrant")
        may_price = has_permission(request.user, "chat.add_modelprice")
        return self._page(request, {"form": form, "may_price": may_price} | _shown(rows, asked, may_grant))

    def _page(self, request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
        common = {**self.admin_site.each_context(request), "title": _("Usage and costs"), "opts": self.opts}
        template = "admin/chat/dailyusage/change_list.html"
        context |= {"width": WIDTH, "height": HEIGHT, "ranges": _ranges(request)}
        return TemplateResponse(request, template, common | context, status=status)


def _asked(request: HttpRequest) -> dict[str, Any]:
    today = day_of(timezone.now())
    asked = {"since": today - timedelta(days=DAYS - 1), "until": today, "by": "day", "measure": "cost"}
    return asked | {name: request.GET[name] for name in asked if name in request.GET}


def _ranges(request: HttpRequest) -> list[tuple[str, str]]:
    """What is asked for most, as ways to it."""
    today = day_of(timezone.now())
    kept = {name: request.GET[name] for name in ("by", "measure") if name in request.GET}
    last_month = today.replace(day=1) - timedelta(days=1)
    ranges = {
        _("Last 30 days"): (today - timedelta(days=DAYS - 1), today),
        _("This month"): (today.replace(day=1), today),
        _("Last month"): (last_month.replace(day=1), last_month),
        _("This year"): (today.replace(month=1, day=1), today),
    }
    return [
        (name, urlencode({"since": str(since), "until": str(until)} | kept)) for name, (since, until) in ranges.items()
    ]


def _sorted(rows: list[Row], asked: Asked) -> list[Row]:
    """Of models and people those first of which there is most."""
    if asked.by in OF_TIME or asked.measure == "cost":
        return rows
    return sorted(rows, key=lambda row: -(amount(row.sums, asked.measure) or 0))


def _shown(rows: list[Row], asked: Asked, may_grant: bool) -> dict[str, Any]:
    shown = rows[: MOST_ROWS.get(asked.by, MOST)]
    called = _called(shown, asked.by)
    # Who is in two groups is in two of the rows.
    totals = total(report(asked.since, asked.until, "month") if asked.by == "group" else rows)
    return {
        "table": [
            (label, row.key if may_grant else "", _cells(row)) for label, row in zip(called, shown, strict=True)
        ],
        "more": len(rows) - len(shown),
        "way": WAYS[asked.by],
        "by": asked.by,
        "measure": MEASURES[asked.measure],
        "totals": list(totals.items()),
        "has_unpriced": any(sums.unpriced for sums in totals.values()),
    } | _drawn(rows, called, asked)


def _drawn(rows: list[Row], called: list[str], asked: Asked) -> dict[str, Any]:
    """As bars; where there is none to draw the page says so."""
    if is_nothing(rows, asked.measure):
        of_tokens = urlencode(asdict(asked) | {"measure": "tokens"})
        return {"nothing": asked.measure if rows else "", "of_tokens": of_tokens}
    if asked.by in OF_TIME:
        return {"pictures": pictures(rows, asked.measure, asked.by, asked.since, asked.until)}
    return {"lines": lines(list(zip(called, rows, strict=False))[:MOST_LINES], asked.measure)}


def _cells(row: Row) -> list[str]:
    """What the page says of it, as people read it."""
    counts = (count(getattr(row.sums, name)) for name in SHOWN)
    return [said(row.sums, "cost", row.currency), *counts, said(row.sums, "first_token", "")]


def _called(rows: list[Row], by: str) -> list[str]:
    if by in OF_TIME:
        return [named(row.key, by) for row in rows]
    if by not in PEOPLE:
        return ["/".join(row.key) for row in rows]
    names = names_of({row.key for row in rows}, by)
    return [names.get(row.key) or (row.key and _("gone (%(key)s)") % {"key": row.key}) or _("none") for row in rows]


def _called_by_programs(rows: list[Row], by: str) -> list[str]:
    if by not in OF_TIME:
        return _called(rows, by)
    return [str(row.key)[: 7 if by == "month" else 10] for row in rows]


def _file(rows: list[Row], asked: Asked) -> HttpResponse:
    """All of it. Spreadsheets run no cell of it."""
    cells = zip(_called_by_programs(rows, asked.by), map(_saved, rows), strict=True)
    header = [asked.by, *SAVED, "cost", "currency", "first_token_seconds"]
    return csv_file(f"usage-{asked.since}-{asked.until}.csv", header, ([first, *rest] for first, rest in cells))


def _saved(row: Row) -> list[object]:
    sums = row.sums
    cost = "" if sums.known_cost is None else f"{Decimal(sums.cost) / BILLIONTHS:.9f}"
    waited = "" if sums.first_token_seconds is None else f"{sums.first_token_seconds:.3f}"
    return [*(getattr(sums, name) for name in SAVED), cost, row.currency, waited]
