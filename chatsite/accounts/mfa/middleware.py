"""Leads whoever lacks a second factor to the page that makes one, where all must have one; and hides what is off."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import MiddlewareNotUsed
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import sync_and_async_middleware

from chat.errors import Forbidden
from chat.i18n import gettext_noop as _
from chat.models.threads import login_in_database
from chat.views.endpoints import in_thread
from chat.views.errors import draft_of, error_response, wants_json
from chatsite.accounts.mfa.requirement import has_proved, way_to_proof
from chatsite.accounts.middleware import is_of_accounts

LACKING = _("This site asks everybody for a second factor. Make yours under “Account”, then go on.")


@sync_and_async_middleware
def second_factors(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Not used where it has nothing to do, so that nothing of it is paid."""
    if settings.CHAT_MFA not in ("off", "all"):
        raise MiddlewareNotUsed
    stop = _hide if settings.CHAT_MFA == "off" else _lead_away
    if iscoroutinefunction(get_response):

        async def on_event_loop(request: HttpRequest) -> HttpResponseBase:
            if not _concerns(request):
                return await get_response(request)  # type: ignore[no-any-return]
            stopped: HttpResponseBase | None = await in_thread(login_in_database, stop, request)
            return stopped or await get_response(request)

        return on_event_loop
    return lambda request: (_concerns(request) and stop(request)) or get_response(request)


def _concerns(request: HttpRequest) -> bool:
    """Of accounts, their own pages: there a factor is made, and asked for. Elsewhere who may be logged in."""
    if is_of_accounts(request):
        return settings.CHAT_MFA == "off" and request.path.startswith(reverse("mfa_index"))
    return settings.CHAT_MFA == "all" and settings.SESSION_COOKIE_NAME in request.COOKIES


def _hide(request: HttpRequest) -> None:
    raise Http404


def _lead_away(request: HttpRequest) -> HttpResponseBase | None:
    user_id = request.session.get(SESSION_KEY)
    if user_id is None or has_proved(request.session, user_id):
        return None
    if request.method != "GET" or wants_json(request):
        return error_response(request, Forbidden(LACKING, code="second_factor"), draft=draft_of(request))
    return redirect(way_to_proof(user_id, request.get_full_path()))
