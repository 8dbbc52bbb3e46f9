"""For how long conversations of a group's members are kept: set by `chat.change_groupretention` and its like."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from chat.admin.lookups import OfferedLookups
from chat.admin.noted import Noted
from chat.audit import Action
from chat.models import GroupRetention


@admin.register(GroupRetention)
class GroupRetentionAdmin(Noted, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    when_empty = gettext_lazy(
        "No group has days of its own: for everybody counts what the site's settings say (CHAT_RETENTION_DAYS)."
    )
    noted_as = Action.RETENTION
    noted_fields = ("group_id", "days")
    list_display = ["group", "said_days"]
    list_select_related = ["group"]
    ordering = ["group"]

    @admin.display(description=gettext_lazy("days"), ordering="days")
    def said_days(self, row: GroupRetention) -> str:
        return str(row.days) if row.days else gettext("for ever")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A row is of its group; for another group there is another row."""
        return ["group"] if obj else []
