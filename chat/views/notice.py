"""The notice of the site: what it says, and that a user accepts it."""

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from chat.conversations import notice
from chat.conversations.notice import Standing
from chat.errors import Conflict, NotFound
from chat.forms.body import posted_by_form
from chat.forms.notice import read_version
from chat.views.endpoints import endpoint
from chat.views.errors import wants_json
from chat.views.pages import render_page
from chat.views.ways_back import asked_next


@endpoint("GET", "POST")
def show(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET, POST /notice/ — what it says; and that this user accepts it, in the version that they were shown.

    A plain form leads to `?next=`, where the user came from.
    """
    found = notice.standing(user.pk)
    if not found:
        raise NotFound
    if request.method == "POST":
        return _accept(request, user)
    return _said(found) if wants_json(request) else _page(request, found)


def _accept(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """One that has changed meanwhile is shown again."""
    try:
        notice.accept(user.pk, read_version(request))
    except Conflict as fault:
        found = notice.standing(user.pk)
        if not (found and posted_by_form(request)):
            raise
        return _page(request, found, fault)
    if posted_by_form(request):
        return redirect(asked_next(request) or "chat:new")
    return _said(notice.standing(user.pk))


def _said(found: Standing | None) -> HttpResponseBase:
    """As docs/protocol.md says."""
    assert found
    return JsonResponse({"version": found.notice.version, "text": found.notice.text, "accepted_at": found.accepted_at})


def _page(request: HttpRequest, found: Standing, fault: Conflict | None = None) -> HttpResponseBase:
    context = {"standing": found, "next": asked_next(request), "fault": fault}
    return render_page(request, "chat/notice/notice.html", context, status=fault.status if fault else 200)
