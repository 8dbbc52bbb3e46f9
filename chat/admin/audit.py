"""The audit log, for those who may see it. Nobody adds to it here, changes it or takes from it.

People and things stand in it by id. Beside an id there is the name that the account has now, if there is one: the log
itself has none. Looking at it is recorded.
"""

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from chat.admin.filters import TimeFilter
from chat.admin.lookups import OfferedLookups
from chat.admin.read_only import ReadOnly
from chat.admin.recorded import RecordedList
from chat.audit import Action, record
from chat.models import AuditEntry, AuditLink
from chat.models.users import has_field, has_permission

OFFERED = 50
"""Of the staff, in the filter by who did it; a search finds whom else it was."""


class ActionFilter(admin.SimpleListFilter):
    title = gettext_lazy("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(((value, str(label)) for value, label in Action.choices), key=lambda choice: choice[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(action=self.value()) if self.value() in Action.values else queryset


class ActorFilter(admin.SimpleListFilter):
    """By the id of who did it. Offered are those who are staff now, and nobody: the program by itself."""

    title = gettext_lazy("who did it")
    parameter_name = "actor"
    nobody = "-"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        users = get_user_model()._base_manager.all()
        staff = users.filter(is_staff=True) if has_field("is_staff") else users.none()
        return [(self.nobody, gettext("nobody: the site by itself")), *names(staff.order_by("pk")[:OFFERED]).items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        asked = self.value()
        if not asked or "\0" in asked:
            return queryset
        return queryset.filter(actor_key="" if asked == self.nobody else asked)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, RecordedList, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    """Seen by `chat.view_auditentry`."""

    bears_words = False
    list_display = ["at", "action_label", "actor", "object_kind", "object_key", "summary"]
    list_filter = [ActionFilter, ActorFilter, ("at", TimeFilter)]
    list_per_page = 50
    ordering = ["-at", "-pk"]
    search_fields = ["=actor_key", "=object_key"]
    search_help_text = gettext_lazy("Finds whole ids: of who did it, or of what it was done to.")
    show_full_result_count = False
    fields = ["at", "action_label", "actor", "object_kind", "object_key", "in_full", "link"]
    readonly_fields = ["action_label", "actor", "in_full", "link"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_permission(request.user, "chat.view_auditentry")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """With the names of who did it, found together."""
        changelist: ChangeList = super().get_changelist_instance(request)
        _name_actors(changelist.result_list)
        return changelist

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        _name_actors([kwargs["obj"]])
        record(request.user, kwargs["obj"], "Read this entry of the log.")
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=gettext_lazy("action"), ordering="action")
    def action_label(self, entry: AuditEntry) -> str:
        return str(Action(entry.action).label) if entry.action in Action.values else entry.action

    @admin.display(description=gettext_lazy("who did it"), ordering="actor_key", empty_value="–")
    def actor(self, entry: Any) -> str | None:
        """Their id, and the name that this account has now."""
        name = entry.actor_name
        return f"{entry.actor_key} ({name})" if name else entry.actor_key or None

    @admin.display(description=gettext_lazy("details"))
    def summary(self, entry: AuditEntry) -> str:
        said = ", ".join(f"{name}: {_said(value)}" for name, value in entry.details.items())
        return said if len(said) <= 200 else f"{said[:199]}…"

    @admin.display(description=gettext_lazy("details"))
    def in_full(self, entry: AuditEntry) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(entry.details, indent=2, ensure_ascii=False, sort_keys=True))

    @admin.display(description=gettext_lazy("link of the chain"))
    def link(self, entry: AuditEntry) -> str:
        found = AuditLink.objects.filter(entry=entry.pk).first()
        return str(found) if found else gettext("not chained yet")


def names(users: Any) -> dict[str, str]:
    """By their ids, as text."""
    return {str(user.pk): str(user.get_username()) for user in users}


def _name_actors(entries: Any) -> None:
    keys = {entry.actor_key for entry in entries} - {""}
    found = names(_users_of(keys)) if keys else {}
    for entry in entries:
        entry.actor_name = found.get(entry.actor_key, "")


def _users_of(keys: set[str]) -> list[Any]:
    """Those that there still are. An id may be none that a user of this project could have."""
    users = get_user_model()
    possible = []
    for key in keys:
        try:
            possible.append(users._meta.pk.to_python(key))
        except ValidationError:
            continue
    try:
        return list(users._base_manager.filter(pk__in=possible))
    except (DatabaseError, OverflowError):
        return []


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
