"""MCP servers, who may use them, and which of their tools: `chat.change_mcpserver` says where data goes.

Each change is recorded, and so is each look at what a server says of its tools.
"""

import json
import logging
from threading import Lock
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from chat.admin.lookups import OfferedLookups
from chat.audit import Action, record
from chat.failures import innermost
from chat.i18n import gettext_noop
from chat.models import McpServer, McpTool
from chat.tools.mcp.configuration import Misconfigured, check_address, endpoint_of, headers_of, of_setting

logger = logging.getLogger(__name__)

ADDRESS_HELP = gettext_lazy(
    "The server acts with its own credentials, for whoever may use it: it does not know what each of them may see "
    "elsewhere. What is asked of its tools is sent there."
)
HEADERS_HELP = gettext_lazy(
    "A line each, as “Authorization: Bearer {crm}”. What stands in braces is the name of a secret in "
    "CHAT_MCP_SECRETS, which is sent to its one origin alone. Do not write a secret here."
)
GROUPS_HELP = gettext_lazy("Nobody else may use it; without a group nobody may.")
_asking = Lock()


class McpServerForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        help_texts = {"address": ADDRESS_HELP, "headers": HEADERS_HELP, "groups": GROUPS_HELP}
        widgets = {"headers": forms.Textarea(attrs={"rows": 3})}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        given = of_setting(cleaned.get("name", ""))
        address = str(given.get("address", "")) if given else cleaned.get("address", "")
        if given and cleaned.get("address"):
            self.add_error("address", _("CHAT_MCP_SERVERS says where the server of this name is."))
        if given and "command" in given:
            return cleaned
        self._check("address", lambda: check_address(address))
        if "address" not in self.errors:
            self._check("headers", lambda: list(headers_of(cleaned.get("headers", ""), address)))
        return cleaned

    def _check(self, name: str, check: Any) -> None:
        try:
            check()
        except Misconfigured as exc:
            self.add_error(name, _(exc.sentence) % exc.values)


@admin.register(McpServer)
class McpServerAdmin(OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    form = McpServerForm
    fields = ["name", "address", "headers", "groups", "is_on"]
    filter_horizontal = ["groups"]
    list_display = ["name", "address", "is_on", "state"]

    def get_urls(self) -> list[URLPattern]:
        ask = self.admin_site.admin_view(require_POST(self.ask))
        return [path("<path:object_id>/tools/", ask, name="chat_mcpserver_ask"), *super().get_urls()]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changed = ", ".join(sorted(form.changed_data)) or "nothing"
        record(request.user, form.instance, f"Changed it: {changed}." if change else "Added it.", Action.SETTING)

    def delete_model(self, request: HttpRequest, obj: McpServer) -> None:
        record(request.user, obj, "Deleted it.", Action.SETTING)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with transaction.atomic():
            for server in queryset:
                record(request.user, server, "Deleted it.", Action.SETTING)
            super().delete_queryset(request, queryset)

    def ask(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST …/tools/ — ask the server for its tools. Those that are new are off; those that changed are, too."""
        server = self.get_object(request, unquote(object_id))
        if server is None or not self.has_change_permission(request, server):
            raise PermissionDenied
        record(request.user, server, "Asked it for its tools.", Action.SETTING)
        if not _asking.acquire(blocking=False):
            self.message_user(request, _("Another server is being asked just now. Try again."), messages.WARNING)
            return redirect("admin:chat_mcpserver_change", server.pk)
        try:
            self._ask(request, server)
        finally:
            _asking.release()
        return redirect("admin:chat_mcpserver_change", server.pk)

    def _ask(self, request: HttpRequest, server: McpServer) -> None:
        try:
            listed = _listed(server)
        except Misconfigured as exc:
            server.blame(exc.sentence, **exc.values)
        except BaseException as exc:  # groups of anything
            if isinstance(exc, KeyboardInterrupt | SystemExit):
                raise
            what = type(innermost(exc)).__name__
            logger.warning("The MCP server %s could not be asked for its tools: %s", server.name, what)
            server.blame(gettext_noop("It could not be asked for its tools: %(what)s"), what=what)
        else:
            server.fault, server.looked_at = "", timezone.now()
            new, changed, left_out = _see(server, listed)
            said = _("Tools: %(all)s, of which new: %(new)s, changed: %(changed)s, too long to be offered: %(out)s.")
            numbers = {"all": len(listed), "new": new, "changed": changed, "out": left_out}
            self.message_user(request, said % numbers, messages.SUCCESS)
        server.save(update_fields=["fault", "looked_at"])
        if server.fault:
            self.message_user(request, server.fault_shown, messages.ERROR)

    @admin.display(description=gettext_lazy("state"))
    def state(self, server: McpServer) -> str:
        if server.fault:
            return server.fault_shown
        if not server.looked_at:
            return _("not asked for its tools yet")
        waiting = server.tools.filter(changed__isnull=False).count()
        return _("%(count)s tools are to be looked at") % {"count": waiting} if waiting else _("ready")


def _listed(server: McpServer) -> list[tuple[str, dict[str, Any] | None]]:
    """Name and definition of each tool. Raises Misconfigured, and whatever goes wrong on the way."""
    try:
        from chat.tools.mcp.definitions import definition_of
        from chat.tools.mcp.listing import ask_for_tools
    except ImportError as exc:
        raise Misconfigured(gettext_noop("The package mcp is not installed here (the extra `mcp`).")) from exc
    return [(tool.name[:200], definition_of(tool)) for tool in ask_for_tools(endpoint_of(server))]


def _see(server: McpServer, listed: list[tuple[str, dict[str, Any] | None]]) -> tuple[int, int, int]:
    """Store what a server lists. How many are new, have changed, and are too long to be offered."""
    known = {tool.name: tool for tool in server.tools.all()}
    new = changed = left_out = 0
    for name, definition in dict(listed).items():
        if definition is None:
            left_out += 1
        elif name not in known:
            tool = McpTool(server=server, name=name, changed=definition)
            tool.accept()
            tool.save(force_insert=True)
            new += 1
        else:
            tool = known[name]
            tool.see(definition)
            changed += tool.changed is not None
            tool.save(update_fields=["seen_at", "changed"])  # others may be turning it off just now
    return new, changed, left_out


class McpToolForm(forms.ModelForm):  # type: ignore[type-arg]
    is_looked_at = forms.BooleanField(
        label=gettext_lazy("I have looked at what has changed"), required=False, initial=False
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "seen" in self.fields:
            self.fields["seen"].initial = _shown(self.instance.changed)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("is_looked_at") and cleaned.get("seen", "").split() != _shown(self.instance.changed).split():
            self.add_error("is_looked_at", _("It has changed once more since this page was made. Look again."))
        return cleaned


@admin.register(McpTool)
class McpToolAdmin(OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    form = McpToolForm
    list_display = ["name", "server", "is_on", "is_read_only", "stays_inside", "is_waived", "is_unchanged"]
    list_filter = ["server", "is_on"]
    list_select_related = ["server"]
    search_fields = ["name"]
    readonly_fields = ["server", "name", "description", "parameters", "now"]
    fields = [*readonly_fields, "is_looked_at", "seen", "is_on", "is_read_only", "stays_inside", "is_waived"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A server has them, or not."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields = list[Any](self.fields)
        if obj is None or obj.changed is None or not self.has_change_permission(request, obj):
            return [name for name in fields if name not in ("is_looked_at", "seen", "now")]
        return fields

    def save_model(self, request: HttpRequest, obj: McpTool, form: Any, change: bool) -> None:
        if form.cleaned_data.get("is_looked_at"):
            obj.accept()
        super().save_model(request, obj, form, change)
        changed = ", ".join(sorted(form.changed_data)) or "nothing"
        record(request.user, obj, f"Changed it: {changed}.", Action.SETTING)

    @admin.display(description=gettext_lazy("unchanged"), boolean=True)
    def is_unchanged(self, tool: McpTool) -> bool:
        return tool.changed is None

    @admin.display(description=gettext_lazy("what its server says of it"))
    def description(self, tool: McpTool) -> str:
        return tool.description

    @admin.display(description=gettext_lazy("parameters"))
    def parameters(self, tool: McpTool) -> SafeString:
        return format_html("<pre>{}</pre>", _shown(tool.definition.get("parameters")))

    @admin.display(description=gettext_lazy("what it says by now"))
    def now(self, tool: McpTool) -> SafeString:
        return format_html("<pre>{}</pre>", _shown(tool.changed))


def _shown(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
