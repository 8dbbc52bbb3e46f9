"""The list of conversations, in pages, and the archive."""

import uuid
from datetime import date, datetime
from functools import cache

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation

from chat.assets.version import site_version
from chat.conversations.listing import Cursor, Group, Listing, archived, listing
from chat.conversations.listing import entry as listed_alone
from chat.models.entry import Entry
from chat.views.endpoints import endpoint
from chat.views.pages import language_of, page_tag, render_if_changed, render_page
from chat.views.time_zones import zone_of

ITEMS = "chat/sidebar/_list_page.html"


@endpoint("GET")
def conversations(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /conversations/ — the items of the list's first page as they stand on the page, with an ETag.

    With `?after=<activity>-<uuid>` those of the page after that place.
    """
    return _listed(request, listing(user.pk, asked_cursor(request), zone_of(request)), request.GET.get("after", ""))


@endpoint("GET")
def entry(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """GET /conversations/<uuid>/ — that item of the list and the heading above it, with an ETag."""
    return _listed(request, listed_alone(user.pk, conversation_id, zone_of(request)))


@endpoint("GET")
def archive(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /archive/ — what was archived, with a way back for each."""
    found, more = archived(user.pk, asked_cursor(request))
    return render_page(request, "chat/settings/archived.html", {"conversations": found, "more": more})


def asked_cursor(request: HttpRequest) -> Cursor | None:
    """The place of `?after=`. Raises BadInput."""
    after = request.GET.get("after")
    return Cursor.parse(after) if after else None


def list_tag(request: HttpRequest, found: Listing) -> str:
    """The ETag of the list's own address: a page that shows this need not be sent it when it asks."""
    return page_tag(request, _fingerprint(request, found, request.GET.get("after", "")))


def _listed(request: HttpRequest, found: Listing, after: str = "") -> HttpResponseBase:
    shown = _fingerprint(request, found, after)
    response = render_if_changed(request, ITEMS, {"listing": found, "after": after}, shown)
    response.headers["Chat-Version"] = site_version()
    return response


def _fingerprint(request: HttpRequest, found: Listing, after: str) -> str:
    return f"{_look(language_of(request))} {found.fingerprint} {after}"


@cache
def _look(language: str) -> str:
    """How a list looks, whatever is in it: another one when a new version of the site shows it otherwise."""
    pk, day = uuid.UUID(int=0), date(2000, 1, 1)
    items = [Entry(pk, "", is_pinned, 0, datetime(2000, 1, 1), is_answering=True) for is_pinned in (True, False)]
    groups = [Group(name, day, items) for name in ("pinned", "today", "yesterday", "weekday", "month")]
    with translation.override(language):
        return render_to_string(ITEMS, {"listing": Listing(groups, Cursor(0, pk)), "after": "0"})
