"""What becomes of a conversation as a whole: its title, its flags, the days and the readers of a link to it."""

import uuid
from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from chat.conversations.organizing import Flags
from chat.conversations.sharing import SHARED_DAYS
from chat.core.limits import TITLE_CHARACTERS
from chat.errors import BadInput
from chat.forms.body import cleaned, read_body
from chat.forms.fields import OneLine
from chat.i18n import gettext_noop as _
from chat.models.audience import Audience


class TitleForm(forms.Form):
    title = OneLine(
        max_length=TITLE_CHARACTERS, error_messages={"required": gettext_lazy("A conversation needs a title.")}
    )


def read_title(request: HttpRequest) -> str:
    """What a conversation is to be called, on one line, in a request's body. Raises BadInput."""
    sent = read_body(request, TitleForm)
    return str(cleaned(TitleForm(sent))["title"])


def read_flags(request: HttpRequest) -> Flags:
    """Where a conversation is to be kept, in a request's body. Raises BadInput."""
    sent = read_body(request, forms.Form)
    return Flags(_switch(sent, "pinned"), _switch(sent, "archived"))


class LinkForm(forms.Form):
    id = forms.UUIDField(required=False)
    audience = forms.CharField(required=False)


class NewLink(NamedTuple):
    days: int | None
    """None: until it is revoked."""
    audience: Audience
    request_id: uuid.UUID | None


def read_link(request: HttpRequest) -> NewLink:
    """Raises BadInput."""
    sent = read_body(request, LinkForm)
    fields = cleaned(LinkForm(sent))
    return NewLink(_days(sent.get("days")), _audience(fields["audience"]), fields["id"])


def _audience(said: str) -> Audience:
    if said and said not in Audience.values:
        raise BadInput(fields={"audience": _("This is neither members nor public nor empty.")})
    return Audience(said or Audience.MEMBERS)


def _days(days: object) -> int | None:
    if days is None or days == "":
        return None
    if str(days) not in map(str, SHARED_DAYS):
        raise BadInput(fields={"days": _("This is neither 1 nor 7 nor 30 nor empty.")})
    return int(str(days))


def _switch(sent: dict[str, Any], name: str) -> bool | None:
    """True or false, from JSON or a plain form; None if it is left out."""
    value = sent.get(name)
    if value is None or isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise BadInput(fields={name: _("This is neither true nor false.")})
    return bool(value == "true")
