"""The list of conversations, in pages, and the archive."""

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase

from chat.database import in_database
from chat.listing import Place, archived, listing
from chat.views.endpoints import endpoint
from chat.views.pages import render_if_changed, render_page


@endpoint("GET")
async def conversations(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /conversations/ — the items of the list's first page as they stand on the page, with an ETag.

    With `?after=<activity>-<uuid>` those of the page after that place.
    """
    return await in_database(_items, request, user)


@endpoint("GET")
async def archive(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /archive/ — what was archived, with a way back for each."""
    return await in_database(_archive, request, user)


def asked_place(request: HttpRequest) -> Place | None:
    """The place of `?after=`. Raises BadInput."""
    after = request.GET.get("after")
    return Place.parse(after) if after else None


def _items(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    context = {"listing": listing(user.pk, asked_place(request)), "after": request.GET.get("after", "")}
    return render_if_changed(request, "chat/_conversation_items.html", context)


def _archive(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    found, more = archived(user.pk, asked_place(request))
    return render_page(request, "chat/archive.html", {"conversations": found, "more": more})
