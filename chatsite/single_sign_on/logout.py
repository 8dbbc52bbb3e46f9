"""A logout here, at the provider too (RP-Initiated Logout 1.0); and one there, here too (Back-Channel Logout 1.0)."""

import logging

from allauth.utils import build_absolute_uri
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from chatsite.single_sign_on.configuration import is_on
from chatsite.single_sign_on.discovery import configuration
from chatsite.single_sign_on.errors import ProviderAway
from chatsite.single_sign_on.pages import way_to_provider
from chatsite.single_sign_on.provider_sessions import UsedBefore, end_by
from chatsite.single_sign_on.tokens import BadToken, verified_logout_token

logger = logging.getLogger(__name__)

AFTER_LOGOUT = "id_token_after_logout"
"""In the session of who has just logged out here."""
RETRY_SECONDS = 10


@require_safe
def logout_at_provider(request: HttpRequest) -> HttpResponse:
    """On from a logout here, which is through by now."""
    id_token = request.session.pop(AFTER_LOGOUT, "")
    if not is_on() or not id_token:
        return redirect("account_login")
    try:
        address = configuration().get("end_session_endpoint")
    except ProviderAway as error:
        logger.warning("A logout cannot go on to the provider: %s", error)
        return _logged_out_here_alone(request, 503)
    if not address:
        return _logged_out_here_alone(request, 200)
    return way_to_provider(request, _with_query(address, _said_at_logout(request, id_token)))


@csrf_exempt
@require_POST
def back_channel_logout(request: HttpRequest) -> HttpResponse:
    """The provider's own request, which its signature proves. 400 in words where it is none, or came before."""
    if not is_on():
        raise Http404
    try:
        number = end_by(verified_logout_token(request.POST.get("logout_token", "")))
    except BadToken as error:
        return _refused(str(error))
    except UsedBefore:
        return _refused("This token has been used before.")
    except ProviderAway as error:
        logger.warning("A logout token cannot be verified: %s", error)
        return _answer({"error": "temporarily_unavailable"}, 503, {"Retry-After": str(RETRY_SECONDS)})
    logger.info("The provider has ended %d sessions", number)
    return _answer({}, 200)


def _said_at_logout(request: HttpRequest, id_token: str) -> dict[str, str]:
    back = build_absolute_uri(request, reverse("account_login"))
    return {"id_token_hint": id_token, "client_id": settings.OIDC_CLIENT_ID, "post_logout_redirect_uri": back}


def _with_query(address: str, query: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def _logged_out_here_alone(request: HttpRequest, status: int) -> HttpResponse:
    return render(request, "socialaccount/logged_out_here.html", {"name": settings.OIDC_NAME}, status=status)


def _refused(why: str) -> JsonResponse:
    logger.warning("A logout token was refused: %s", why)
    return _answer({"error": "invalid_request", "error_description": why}, 400)


def _answer(said: dict[str, str], status: int, headers: dict[str, str] | None = None) -> JsonResponse:
    return JsonResponse(said, status=status, headers={"Cache-Control": "no-store", **(headers or {})})
