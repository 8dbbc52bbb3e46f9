"""Which tools were called, by whom and how that ended, and who said yes or no to it: never with which words.

Those stand in the reply alone, and staff read them in the transcript, which each call leads to, and which is recorded.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy

from chat.admin.deletion import DeletedAlong
from chat.admin.filters import TimeFilter, ToolFilter
from chat.admin.lookups import OfferedLookups
from chat.admin.read_only import NeverChanged
from chat.admin.recorded import RecordedList
from chat.audit import record
from chat.models import ToolCall
from chat.models.users import has_permission

OWNERS_NAME = f"owner__{get_user_model().USERNAME_FIELD}"


@admin.register(ToolCall)
class ToolCallAdmin(NeverChanged, DeletedAlong, RecordedList, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    """Seen by `chat.view_toolcall`; nobody adds to it, changes it or takes from it."""

    bears_words = False
    list_display = ["created_at", "name", "owner", "status", "seconds", "changes", "answer", "decided_at"]
    list_filter = ["status", ToolFilter, ("created_at", TimeFilter), "changes", "answer"]
    list_select_related = ["owner"]
    list_per_page = 50
    ordering = ["-created_at"]
    search_fields = [OWNERS_NAME, "=id"]
    search_help_text = gettext_lazy("Finds owners' names, and whole ids of calls, as the log has them.")
    show_full_result_count = False
    fields = [
        "id",
        "name",
        "server",
        "owner",
        "status",
        "changes",
        "created_at",
        "ended_at",
        "seconds",
        "answer",
        "decided_at",
        "transcript",
    ]
    readonly_fields = ["id", "transcript"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_permission(request.user, "chat.view_toolcall")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ToolCall]:
        """But for those of conversations that are deleted."""
        calls: QuerySet[ToolCall] = super().get_queryset(request)
        return calls.filter(message__conversation__deleted_at=None).select_related("message")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        record(request.user, kwargs["obj"], "Read this call of a tool.")
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=gettext_lazy("transcript"))
    def transcript(self, call: ToolCall) -> str:
        """Where its arguments and its result are; who may not read those is told so there."""
        address = reverse("admin:chat_conversation_change", args=[call.message.conversation_id])
        return format_html('<a href="{}">{}</a>', address, gettext("The conversation in which it was called"))
