"""Which tools are on and off in a conversation."""

from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from chat.core.limits import TOOLS_OFF
from chat.errors import BadInput
from chat.forms.body import ProgramForm, cleaned, posted_by_form, read_body
from chat.i18n import gettext_noop as _
from chat.tools.base import NAME

NO_NAME = _("This is no name of a tool.")


class ToolForm(ProgramForm):
    name = forms.RegexField(rf"\A{NAME.pattern}\Z", error_messages={"invalid": gettext_lazy(NO_NAME)})
    on = forms.BooleanField(required=False)


class Switch(NamedTuple):
    name: str
    on: bool


def read_switch(request: HttpRequest) -> Switch:
    """Which tool is to be on or off, in a request's body. Raises BadInput."""
    sent = read_body(request, ToolForm)
    if "on" not in sent:
        raise BadInput(fields={"on": _("This is neither true nor false.")})
    return Switch(**cleaned(ToolForm(sent)))


def read_tools_off(request: HttpRequest, sent: dict[str, Any]) -> tuple[str, ...]:
    """Those that are off from the beginning in the conversation that a question makes. Raises BadInput."""
    given = request.POST.getlist("tools_off") if posted_by_form(request) else sent.get("tools_off")
    names = [] if given is None else given
    if not isinstance(names, list) or not all(isinstance(name, str) and NAME.fullmatch(name) for name in names):
        raise BadInput(fields={"tools_off": NO_NAME})
    if len(names) > TOOLS_OFF:
        raise BadInput(fields={"tools_off": _("These are too many.")})
    return tuple(sorted(set(names)))
