"""Links by which others can read a conversation: made, listed and revoked by their owner, and read."""

import uuid
from functools import partial

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from chat.conversations import sharing
from chat.conversations.organizing import find_owned
from chat.core.numbers import whole
from chat.core.rights import Right
from chat.errors import NotFound
from chat.forms.body import posted_by_form
from chat.forms.organizing import read_link
from chat.models import Share
from chat.models.audience import Audience
from chat.models.rights import rights_of
from chat.views.branches import asked_id
from chat.views.confirmation import asks_for_password, confirm_sharing
from chat.views.endpoints import endpoint, let_in, public
from chat.views.pages import render_page

FOR_NOBODY_ELSE = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}
"""No search engine lists the page, and no address that it leads to learns of it."""


@endpoint("POST", takes=Right.SHARE)
async def create(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """POST /c/<uuid>/shares/ — a link to the branch on show."""
    link = read_link(request)
    if link.audience == Audience.PUBLIC:
        sharing.check_may_share_publicly(user)
        if response := await confirm_sharing(request):
            return response
    share = await sharing.share_in_turn(user.pk, conversation_id, *link)
    if posted_by_form(request):
        return redirect("chat:shares")
    url = request.build_absolute_uri(share.get_absolute_url())
    said = {"token": share.token, "url": url, "expires_at": share.expires_at, "audience": share.audience}
    return JsonResponse(said, status=201)


@endpoint("GET")
def listing(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /settings/links/ — one's own links, newest first; with `?of=<uuid>` a form that makes one."""
    wanted = asked_id(request, "of")
    if wanted:
        rights_of(user).check(Right.SHARE)
    conversation = find_owned(user.pk, wanted) if wanted else None
    shares = list(Share.objects.of(user.pk).live().select_related("conversation").defer("snapshot"))
    for share in shares:
        share.address = request.build_absolute_uri(share.get_absolute_url())  # type: ignore[attr-defined]
    choices = Audience.choices if sharing.may_share_publicly(user) else []
    return render_page(
        request,
        "chat/sharing/links.html",
        {
            "links": shares,
            "shared": conversation,
            "days": sharing.SHARED_DAYS,
            "audiences": choices,
            "asks_for_proof": not asks_for_password(),
        },
    )


@endpoint("POST")
def revoke(request: HttpRequest, user: AbstractBaseUser, token: str) -> HttpResponseBase:
    """POST /shares/<token>/revocation/ — the link shows nothing from now on."""
    try:
        sharing.revoke(user.pk, token)
    except NotFound:
        # The second half of a double click: it is as it was to be.
        if not posted_by_form(request):
            raise
    return redirect("chat:shares") if posted_by_form(request) else JsonResponse({})


@public
def show(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET /s/<token>/ — what the link shows, to everybody or to members; what has no room is on the next, `?page=2`.

    It is the same to all: nothing on it depends on who reads it.
    """
    page = sharing.shared(token, _asked_page(request), partial(let_in, request))
    request.user = AnonymousUser()
    response = render_page(request, "chat/sharing/shared_conversation.html", {"share": page})
    for name, value in FOR_NOBODY_ELSE.items():
        response[name] = value
    return response


def _asked_page(request: HttpRequest) -> int:
    """From 1. Raises NotFound for what is no number of a page."""
    page = whole(request.GET.get("page", "1"), 6)
    if not page:
        raise NotFound(sharing.NO_LINK)
    return page
