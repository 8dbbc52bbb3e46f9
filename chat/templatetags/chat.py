"""Tags and filters of the page."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django import template
from django.conf import settings
from django.shortcuts import resolve_url
from django.template.context import Context
from django.utils.formats import number_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from chat.conversations import notice
from chat.core.endings import LABELS, Status
from chat.core.limits import DEFAULT_PROVIDER
from chat.core.rights import ALL, Rights
from chat.core.text_direction import marked_title, title_direction
from chat.core.tool_parts import OUTCOMES, YES, Call, Decision, Result, Source, read
from chat.errors import ChatError
from chat.i18n import translated
from chat.models.rights import rights_of
from chat.providers.registry import registry
from chat.templatetags.fragments import FRESH, Isolated
from chat.usage.money import money
from chat.views.addresses import address_of, script_addresses
from chat.views.offers import keys_in
from chat.views.page_templates import templates_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chat.core.reply import Part
    from chat.models import Generation, Message
    from chat.providers.configuration import Model

register = template.Library()


register.simple_tag(script_addresses)
register.simple_tag(templates_address)
register.filter("direction", title_direction)
register.filter("marked", marked_title)


@register.simple_tag
def login_address() -> str:
    """Where the project lets people log in."""
    return str(resolve_url(settings.LOGIN_URL))


@register.simple_tag(takes_context=True)
def fresh_uuid(context: Context) -> str:
    """An id for what a form is about to create; in a fragment another one each time it is shown.

    Scripts make those of their forms themselves.
    """
    if "is_template" in context:
        return ""
    return FRESH if isinstance(context, Isolated) else str(uuid.uuid4())


@register.filter
def address(pk: uuid.UUID | None, name: str) -> str:
    """Of `chat:<name>` for what has this id; without one, in a part that scripts copy, with `{id}` in its place."""
    return address_of(name, pk)


@register.filter
def actions_for(title: str) -> str:
    """What the button of a conversation's menu is called, in the list."""
    return _("Actions for “%(title)s”") % {"title": title}


@register.simple_tag(takes_context=True)
def rights(context: Context) -> Rights:
    """Of who reads the page. In a fragment nobody does: name there what depends on them."""
    user = context.get("user")
    return rights_of(user) if user else ALL


@register.simple_tag
def has_notice() -> bool:
    """Has the site one that users accept?"""
    return notice.current() is not None


@register.simple_tag(takes_context=True)
def offered_models(context: Context) -> Sequence[Model]:
    """Those that the reader chooses from: who that is, `offered` says (chat/views/offers.py)."""
    return registry().offered_as(keys_in(context.get("offered")))


@register.simple_tag(takes_context=True)
def offered_model(context: Context, generation: Generation | None) -> str:
    """The key of the model that wrote it; empty where that is not among those that the reader chooses from."""
    keys = keys_in(context.get("offered"))
    model = generation and registry().still(generation.provider, generation.model, keys)
    return model.key if model else ""


@register.filter
def cut_short(generation: Generation | None) -> bool:
    """Has it ended otherwise than it should?"""
    return generation is not None and generation.status not in (Status.RUNNING, Status.COMPLETE)


@register.filter
def service(generation: Generation) -> str:
    """What people call the service that wrote it; empty for that of the short form, beside which there is no other."""
    known = [each for each in registry().providers if each.name == generation.provider]
    return (known[0].label if known else "") or generation.provider.removeprefix(DEFAULT_PROVIDER)


@register.filter
def tool_part_title(part: Part) -> str:
    """What a part of a reply says of a tool, in a line; of a kind that is not known its name."""
    said = read(part)
    match said:
        case Call():
            return _("Call: %(title)s") % {"title": said.title}
        case Decision():
            return _("Decision: %(answer)s") % {"answer": _("Yes") if said.answer == YES else _("No")}
        case Result():
            status = translated(OUTCOMES[said.status])
            return _("Result: %(status)s, %(time)s") % {"status": status, "time": duration(said.seconds)}
        case Source():
            return _("Source [%(number)s]: %(title)s") % {"number": said.number, "title": said.title}
    return part.kind.capitalize()


@register.filter(name="translated")
def translated_filter(sentence: str) -> str:
    """A sentence that was made or stored in English, in the reader's language."""
    return translated(sentence)


@register.filter
def said(error: ChatError) -> str:
    """The sentence of an error, in the reader's language."""
    return error.said(translated)


@register.filter
def ending(status: str) -> str:
    """What stands under an answer that is not complete, for readers who cannot do anything about it."""
    return translated(LABELS[Status(status)])


@register.filter
def verbatim_text(text: str) -> SafeString:
    """`text` escaped so that the element's text is exactly this: HTML would read a bare CR or CRLF as LF."""
    return mark_safe(escape(text).replace("\r", "&#13;"))  # noqa: S308 - escaped


@register.filter(name="money")
def money_filter(cost: int | None, currency: str) -> str:
    """Billionths of a currency."""
    return money(cost, currency)


@register.filter
def duration(seconds: float | None) -> str:
    """A time for people: "0.25 s", "12.3 s", "2 min 5 s"."""
    if seconds is None:
        return _("unknown")
    if seconds < 59.95:
        return _("%(seconds)s s") % {"seconds": number_format(seconds, decimal_pos=2 if seconds < 10 else 1)}
    minutes, rest = divmod(round(seconds), 60)
    return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": rest}


@register.filter
def reasoning_title(message: Message | None) -> str:
    """What stands above a message's reasoning; static/chat/js/message/reasoning.js says the same."""
    if message and message.is_reasoning:
        return _("Thinking…")
    is_running = message and message.generation and message.generation.is_running
    if not message or is_running or message.reasoning_ms is None:
        return _("Reasoning")
    return _thought_for(message.reasoning_ms)


def _thought_for(milliseconds: int) -> str:
    if milliseconds < 1000:
        return _("Thought for less than a second")
    minutes, seconds = divmod((milliseconds + 500) // 1000, 60)
    if not minutes:
        return _("Thought for %(seconds)s s") % {"seconds": seconds}
    return _("Thought for %(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": seconds}
