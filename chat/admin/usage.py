"""What everybody uses and what it costs, for those of the staff who may see it (`chat.view_usage`)."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.admin.feedback import harmless
from chat.admin.lookups import OfferedLookups
from chat.models import DailyUsage
from chat.models.users import has_permission
from chat.usage.money import money
from chat.usage.prices import BILLIONTHS, day_of
from chat.usage.reports import Row, in_range, names_of, report, total

DAYS = 30
MOST_ROWS = 200
"""That the page shows of a table; the file has all."""
WIDTH, HEIGHT = 720, 160
"""Of the picture."""
WAYS = {
    "day": gettext_lazy("Day"),
    "month": gettext_lazy("Month"),
    "model": gettext_lazy("Model"),
    "group": gettext_lazy("Group"),
    "user": gettext_lazy("User"),
}


class RangeForm(forms.Form):
    since = forms.DateField(label=gettext_lazy("From"), widget=AdminDateWidget)
    until = forms.DateField(label=gettext_lazy("Until"), widget=AdminDateWidget)
    by = forms.ChoiceField(label=gettext_lazy("By"), choices=list(WAYS.items()))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "since" in cleaned and "until" in cleaned and cleaned["since"] > cleaned["until"]:
            raise forms.ValidationError(_("The first day is after the last one."))
        return cleaned


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    title: str


@admin.register(DailyUsage)
class UsageAdmin(OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    """One page; there is nothing to change on it."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_permission(request.user, "chat.view_usage")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = RangeForm(_asked(request))
        if not form.is_valid():
            return self._page(request, {"form": form}, status=400)
        since, until, by = (form.cleaned_data[name] for name in ("since", "until", "by"))
        rows = report(in_range(since, until), by)
        names = names_of([row.key for row in rows], by) if by in ("group", "user") else {}
        if request.GET.get("format") == "csv":
            return _file(rows, names, by)
        days = rows if by == "day" else report(in_range(since, until), "day")
        context = {
            "form": form,
            "table": [(_called(row, names, by), row) for row in rows[:MOST_ROWS]],
            "more": max(0, len(rows) - MOST_ROWS),
            "way": WAYS[by],
            "totals": list(total(days).items()),
            "may_grant": by == "user" and has_permission(request.user, "chat.add_quotagrant"),
            "pictures": [_picture(days, currency, since, until) for currency in total(days)],
        }
        return self._page(request, context)

    def _page(self, request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
        common = {**self.admin_site.each_context(request), "title": _("Usage and costs"), "opts": self.opts}
        template = "admin/chat/dailyusage/change_list.html"
        context |= {"width": WIDTH, "height": HEIGHT}
        return TemplateResponse(request, template, common | context, status=status)


def _asked(request: HttpRequest) -> dict[str, Any]:
    today = day_of(timezone.now())
    asked = {"since": today - timedelta(days=DAYS - 1), "until": today, "by": "day"}
    return asked | {name: request.GET[name] for name in asked if name in request.GET}


def _called(row: Row, names: dict[str, str], by: str) -> Any:
    if by == "model":
        return "/".join(row.key)
    if by in ("group", "user"):
        return names.get(row.key) or (row.key and _("gone (%(key)s)") % {"key": row.key}) or _("none")
    return row.key


def _picture(days: Iterable[Row], currency: str, since: date, until: date) -> dict[str, Any]:
    """What each day cost, as bars."""
    own = [row for row in days if row.currency == currency]
    most = max((row.sums.cost for row in own), default=0) or 1
    wide = WIDTH / ((until - since).days + 1)
    bars = []
    for row in own:
        high = HEIGHT * row.sums.cost / most
        title = f"{row.key}: {money(row.sums.known_cost, currency)}"
        bars.append(Bar(round((row.key - since).days * wide, 2), HEIGHT - high, round(wide * 0.8, 2), high, title))
    return {"bars": bars, "most": money(most if own else 0, currency), "currency": currency}


def _file(rows: list[Row], names: dict[str, str], by: str) -> HttpResponse:
    """All of it. Spreadsheets run no cell of it."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="usage.csv"'
    file = csv.writer(response)
    counts = ("runs", "failures", "input", "cached", "output", "reasoning", "estimates", "unpriced")
    file.writerow([by, *counts, "cost", "currency", "first_token_seconds"])
    for row in rows:
        sums = row.sums
        cost = "" if sums.known_cost is None else f"{Decimal(sums.cost) / BILLIONTHS:.9f}"
        waited = "" if sums.first_token_seconds is None else f"{sums.first_token_seconds:.3f}"
        cells = [_called(row, names, by), *(getattr(sums, name) for name in counts), cost, row.currency, waited]
        file.writerow([harmless(str(cell)) for cell in cells])
    return response
