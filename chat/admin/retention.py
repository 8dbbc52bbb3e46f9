"""For how long conversations of a group's members are kept: set by `chat.change_groupretention` and its like."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from chat.admin.lookups import OfferedLookups
from chat.audit import note
from chat.models import GroupRetention


@admin.register(GroupRetention)
class GroupRetentionAdmin(OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["group", "said_days"]
    list_select_related = ["group"]
    ordering = ["group"]

    @admin.display(description=gettext_lazy("days"), ordering="days")
    def said_days(self, row: GroupRetention) -> str:
        return str(row.days) if row.days else gettext("for ever")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A row is of its group; for another group there is another row."""
        return ["group"] if obj else []

    def save_model(self, request: HttpRequest, obj: GroupRetention, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        note("setting", request.user, obj, days=obj.days)

    def delete_model(self, request: HttpRequest, obj: GroupRetention) -> None:
        note("setting", request.user, obj, is_deleted=True)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)
