"""The import map: where a page finds the browser's libraries."""

import json
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from chat.assets.libraries import addresses
from chat.assets.library_files import FIRST
from chat.templatetags.fragments import Isolated

register = template.Library()


@register.inclusion_tag("chat/_libraries.html", takes_context=True)
def browser_libraries(context: dict[str, Any]) -> dict[str, Any]:
    """The import map, and what to load at once. It must stand before all modules of its page.

    A policy allows the map by its nonce, where the project has one; the header of a page without a map bears none.
    """
    import_map, first = found.__wrapped__() if settings.DEBUG else found()
    return {"import_map": import_map, "first": first, "nonce": _nonce(context)}


@register.simple_tag(takes_context=True)
def script_nonce(context: dict[str, Any]) -> str:
    """The page's. A fragment with the import map is filled with it as `nonce`, and knows by `has_nonce` of it."""
    nonce = _nonce(context)
    return "" if nonce is None else str(nonce)  # django-csp's is false until it is written out


@cache
def found() -> tuple[SafeString, list[str]]:
    """Once a process."""
    names = addresses()
    return _script_json({"imports": names}), [names[name] for name in FIRST if name in names]


def _nonce(context: dict[str, Any]) -> object:
    """Of Django's own policy, which has a context processor, or of django-csp's; both bear a nonce once it is read."""
    if isinstance(context, Isolated):
        return context["nonce"] if context["has_nonce"] else ""
    return context["csp_nonce"] if "csp_nonce" in context else getattr(context.get("request"), "csp_nonce", "")


def _script_json(value: object) -> SafeString:
    """JSON that neither ends its script element nor begins a comment there."""
    return mark_safe(json.dumps(value, separators=(",", ":")).replace("<", "\\u003C"))  # noqa: S308 - just escaped
