"""The log of who has read what, for those who may see it. Nobody adds to it by hand, and nobody takes from it.

It bears titles, and words that staff searched for: looking at it is recorded in it.
"""

from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy

from chat.admin.lookups import OfferedLookups
from chat.admin.read_only import ReadOnly
from chat.admin.reasons import ask_for_reason, reason_page
from chat.admin.recorded import RecordedList
from chat.audit import record
from chat.models import Reading
from chat.models.users import has_permission


@admin.register(Reading)
class ReadingAdmin(ReadOnly, RecordedList, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    """Seen by `chat.view_reading`. A word, or an id, finds what was done by somebody or to something."""

    list_display = ["created_at", "user_name", "action", "object_kind", "object_name", "object_key", "hits", "reason"]
    list_select_related = ["context"]
    list_filter = ["created_at", "object_kind"]
    list_per_page = 50
    ordering = ["-created_at", "-pk"]
    search_fields = ["user_name", "=user_key", "object_name", "=object_key", "action"]
    search_help_text = gettext_lazy("Finds words in names and in what was done, and whole ids.")
    show_full_result_count = False
    fields = [
        "created_at",
        "user_name",
        "user_key",
        "action",
        "object_name",
        "object_kind",
        "object_key",
        "hits",
        "reason",
        "words",
    ]
    readonly_fields = ["reason", "words"]

    def get_urls(self) -> list[URLPattern]:
        ask = self.admin_site.admin_view(partial(reason_page, admin_site=self.admin_site))
        return [path("reason/", ask, name="chat_reading_reason"), *super().get_urls()]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_permission(request.user, "chat.view_reading")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if response := ask_for_reason(request, self.admin_site, Reading):
            return response
        record(request.user, kwargs["obj"], "Read this entry of the log.")
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=gettext_lazy("reason"), empty_value="–")
    def reason(self, reading: Reading) -> str | None:
        """That was given for it, if one was asked for."""
        return (reading.context.reason if hasattr(reading, "context") else "") or None

    @admin.display(description=gettext_lazy("words of the search"), empty_value="–")
    def words(self, reading: Reading) -> str | None:
        """As long as they are kept: no list shows them, and no search finds them."""
        return reading.searched.words if hasattr(reading, "searched") else None
