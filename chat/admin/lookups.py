"""What an address of the administration may ask of a list: what the list's own page offers, and nothing else.

Django lets an address filter by any field and any look-up, as in `?title__regex=(a+)+$`. SQLite has Python
match that, for ever if need be, and whatever a list can be filtered by can be read from it sign by sign. Here only the
parameters of the list's own filters count. What no list can be asked is answered by a page that says so.
"""

import logging
from typing import Any

from django.contrib.admin.exceptions import DisallowedModelAdminLookup, DisallowedModelAdminToField
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import url_params_from_lookup_dict
from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

logger = logging.getLogger(__name__)

SEARCH_CHARACTERS = 1000
"""Of a search in a list. A word takes a look at every row, and SQLite nests the conditions for each."""
SEARCH_WORDS = 20

MEANINGLESS = (
    IncorrectLookupParameters,
    DisallowedModelAdminLookup,
    DisallowedModelAdminToField,
    ValidationError,
    ValueError,  # also a NUL, for PostgreSQL
    OverflowError,  # a date before the first year, once it is in UTC
    DataError,
)
"""What Django and databases raise for values that nothing can have."""


class BadAddress(Exception):
    """Nothing on the page leads here."""


class OfferedChangeList(ChangeList):
    """Refuses filters that are none of its page's."""

    def get_filters(self, request: HttpRequest) -> Any:
        filters = super().get_filters(request)
        remaining = filters[2]
        for name in remaining:
            if not (self._is_of_dates(name) or self._is_of_a_popup(name)):
                raise DisallowedModelAdminLookup(f"Filtering by {name} not allowed")
        return filters

    def _is_of_dates(self, name: str) -> bool:
        return bool(self.date_hierarchy) and name in (f"{self.date_hierarchy}__gte", f"{self.date_hierarchy}__lt")

    def _is_of_a_popup(self, name: str) -> bool:
        """A field of another model limits what may be chosen from this list (`limit_choices_to`)."""
        asked = {(name, value) for value in self.filter_params.get(name, [])}
        return bool(asked) and all(any(one in limits.items() for limits in self._limits()) for one in asked)

    def _limits(self) -> list[dict[str, Any]]:
        lookups = self.model._meta.related_fkey_lookups
        return [url_params_from_lookup_dict(each() if callable(each) else each) for each in lookups]


class OfferedLookups:
    """For a ModelAdmin, before Django's: its list takes the look-ups that its page offers."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return OfferedChangeList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """With its rows, so that what the database cannot do is known before the page begins. Raises BadAddress."""
        if not _is_searchable(request.GET.get("q", "")):
            raise BadAddress
        try:
            changelist: ChangeList = super().get_changelist_instance(request)  # type: ignore[misc] # the ModelAdmin's
            changelist.result_list = _read(changelist.result_list)
        except MEANINGLESS as exc:
            logger.warning("An address of the administration makes no sense: %s", type(exc).__name__)
            raise BadAddress from exc
        return changelist

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            response: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]
        except BadAddress:
            response = self._bad_address(request)
        return response

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """An autocomplete finds nothing by what cannot be searched for; a list says it (above)."""
        if "\0" in search_term or not _is_searchable(search_term):
            return queryset.none(), False
        found: tuple[Any, bool] = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        return found

    def _bad_address(self: Any, request: HttpRequest) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": gettext("Bad request"), "opts": self.opts}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/chat/bad_address.html", context, status=400)


def _read(rows: Any) -> Any:
    """The same queryset, which holds its rows from now on."""
    len(rows)
    return rows


def _is_searchable(term: str) -> bool:
    return len(term) <= SEARCH_CHARACTERS and len(term.split()) <= SEARCH_WORDS
