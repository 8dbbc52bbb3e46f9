"""The import map: where a page finds the browser's libraries."""

import json
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from chat.assets.libraries import addresses
from chat.assets.library_files import FIRST

register = template.Library()


@register.inclusion_tag("chat/_libraries.html", takes_context=True)
def browser_libraries(context: dict[str, Any]) -> dict[str, Any]:
    """The import map, and what to load at once. It must stand before all modules of its page.

    A policy allows the map by its nonce, where the project has one; the header of a page without a map bears none.
    """
    import_map, first = found.__wrapped__() if settings.DEBUG else found()
    return {"import_map": import_map, "first": first, "nonce": _nonce(context)}


@cache
def found() -> tuple[SafeString, list[str]]:
    """Once a process."""
    names = addresses()
    return _script_json({"imports": names}), [names[name] for name in FIRST if name in names]


def _nonce(context: dict[str, Any]) -> object:
    """Of Django's own policy, which has a context processor, or of django-csp's; both bear a nonce once it is read."""
    return context["csp_nonce"] if "csp_nonce" in context else getattr(context.get("request"), "csp_nonce", "")


def _script_json(value: object) -> SafeString:
    """JSON that neither ends its script element nor begins a comment there."""
    return mark_safe(json.dumps(value, separators=(",", ":")).replace("<", "\\u003C"))  # noqa: S308 - just escaped
