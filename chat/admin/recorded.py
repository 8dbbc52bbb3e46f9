"""Lists of what users wrote, as staff look at them: each time is recorded, and so is what is looked for in them.

A search, a filter and an order tell something of each row, whether it is shown or not. Single pages record for
themselves; wherever Django names a row (before a deletion, in its log, in a choice) it reads `str()`, an id.
"""

from typing import Any

from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.http import HttpRequest, HttpResponse

from chat.admin.link_tokens import without_tokens
from chat.admin.reasons import ask_for_reason
from chat.audit import Asking, asking, is_missing, record_list


class RecordedList:
    """For a ModelAdmin, before all that makes its list."""

    bears_words = True
    """Does the list show what users wrote, or find it? Then a reason is asked for."""

    def changelist_view(self: Any, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        is_asked = self.bears_words and self.has_view_or_change_permission(request)
        if is_asked and (asks := ask_for_reason(request, self.admin_site, self.model)):
            return asks
        response: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]
        return response

    def get_changelist_instance(self: Any, request: HttpRequest) -> ChangeList:
        """Called once a request, also for actions on what was found."""
        changelist: ChangeList = super().get_changelist_instance(request)  # type: ignore[misc] # the ModelAdmin's
        words = without_tokens(changelist.query)
        record_list(request.user, self.model, _looked_at(changelist), changelist.result_count, words)
        return changelist

    def get_search_results(self: Any, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Of other pages, as of an autocomplete: whoever learns what is found has read it.

        Where a reason is required, they find nothing until they have given one at the list: here nobody can be asked.
        """
        if search_term and self._needs_reason(request):
            return queryset.none(), False
        found, may_repeat = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        if search_term and not _is_of_the_list(request):
            words = without_tokens(search_term)
            record_list(request.user, self.model, "Searched for one to choose.", found.count(), words)
        return found, may_repeat

    def _needs_reason(self: Any, request: HttpRequest) -> bool:
        if not self.bears_words or asking() != Asking.REQUIRED or _is_of_the_list(request):
            return False
        return is_missing(request.user, self.model)


def _is_of_the_list(request: HttpRequest) -> bool:
    match = request.resolver_match
    return bool(match and match.url_name and match.url_name.endswith("_changelist"))


def _looked_at(changelist: ChangeList) -> str:
    """By names alone, without a value: those are often a user's words."""
    said = ["Searched the list" if changelist.query else "Read the list"]
    said += [f"filtered by {name}" for name in sorted(changelist.get_filters_params())]
    said += [f"sorted by {name}" for name in _order(changelist)]
    said += [f"page {changelist.page_num}"] * (changelist.page_num > 1)
    return ", ".join(said) + "."


def _order(changelist: ChangeList) -> list[str]:
    """The columns that were asked for."""
    asked = changelist.get_ordering_field_columns() if ORDER_VAR in changelist.params else {}
    return [str(changelist.list_display[number]) for number in asked if 0 <= number < len(changelist.list_display)]
