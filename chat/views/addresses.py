"""The addresses that the page's scripts ask, from the URLconf: no script puts one together by itself."""

import json
import uuid
from functools import cache

from django.urls import get_script_prefix, get_urlconf, reverse

PAGES = ("new", "conversations", "attachments", "hints")
OF_ONE = (
    *("conversation", "messages", "conversation_settings", "title", "flags", "deletion", "restoration"),
    *("leave", "keep", "attachment_deletion", "regenerations", "continuations", "details", "selection", "feedback"),
    *("events", "cancellation", "entry", "conversation_tools"),
)
"""Those that name an object by its id."""
ANY = uuid.UUID(int=0)


def script_addresses() -> str:
    """As JSON by their names; where an id belongs stands `{id}`."""
    return _addresses(get_script_prefix(), get_urlconf())


def address_of(name: str, pk: uuid.UUID | None) -> str:
    """That of `chat:<name>` for one object, as `reverse` finds it: for what stands often on a page.

    Without an id `{id}` stands in its place.
    """
    pattern = _pattern(name, get_script_prefix(), get_urlconf())
    return pattern.replace("{id}", str(pk)) if pk else pattern


@cache
def _addresses(prefix: str, urlconf: str | None) -> str:
    """Found once for each place where the site is mounted, on which `reverse` depends."""
    found = {name: reverse(f"chat:{name}") for name in PAGES}
    found |= {name: _pattern(name, prefix, urlconf) for name in OF_ONE}
    return json.dumps(found, separators=(",", ":"))


@cache
def _pattern(name: str, prefix: str, urlconf: str | None) -> str:
    return reverse(f"chat:{name}", args=[ANY]).replace(str(ANY), "{id}")
