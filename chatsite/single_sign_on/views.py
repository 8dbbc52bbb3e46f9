"""The login at the provider, and back from it."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.core.internal import ratelimit
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.views import ConnectionsView
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from chatsite.single_sign_on import fresh_login
from chatsite.single_sign_on.configuration import PROVIDER_ID, is_on, origin, provider_origin
from chatsite.single_sign_on.errors import LoginFailed
from chatsite.single_sign_on.pages import failure_page, way_to_provider
from chatsite.single_sign_on.provider import Adapter

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


def at_provider(view: View) -> View:
    """What goes wrong there is said; where there is no provider there is nothing."""

    @wraps(view)
    def answer(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            return _led_on(request, view(request, **kwargs))
        except SocialApp.DoesNotExist as error:
            raise Http404 from error
        except LoginFailed as failed:
            logger.warning("A login by single sign-on failed: %s", failed)
            return failure_page(request, failed)

    return answer


@at_provider
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Counted as a login: each that begins stores a session."""
    if too_many := ratelimit.consume_or_429(request, app="allauth.account", action="login"):
        return too_many  # type: ignore[no-any-return]
    return OAuth2LoginView.adapter_view(Adapter(request, provider_id))(request)  # type: ignore[no-any-return]


@at_provider
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    adapter = Adapter(request, provider_id)
    adapter.get_provider()
    if request.GET.get("iss", settings.OIDC_ISSUER).rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
        raise LoginFailed("Another issuer has sent the user back")  # RFC 9207
    return OAuth2CallbackView.adapter_view(adapter)(request)  # type: ignore[no-any-return]


@at_provider
@login_required
def prove(request: HttpRequest) -> HttpResponse:
    """Asks for a fresh login at the provider, and leads to it."""
    if not fresh_login.is_possible(request.user):
        raise PermissionDenied
    next_url = get_next_redirect_url(request) or ""
    if request.method != "POST":
        return render(request, "socialaccount/fresh_login.html", {"next": next_url, "name": settings.OIDC_NAME})
    provider = get_adapter().get_provider(request, PROVIDER_ID)
    return provider.redirect(  # type: ignore[no-any-return]
        request, fresh_login.PROCESS, next_url, auth_params=fresh_login.ASKED, scope=["openid"]
    )


class Connections(ConnectionsView):  # type: ignore[misc] # untyped base
    """Which accounts of the provider a user logs in with."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_on():
            raise Http404
        return super().dispatch(request, *args, **kwargs)  # type: ignore[no-any-return]


def _led_on(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The policy of the page that led here names the issuer's origin, and its login may be at another."""
    if not isinstance(response, HttpResponseRedirect) or origin(response.url) in ("://", provider_origin()):
        return response
    return way_to_provider(request, response.url)
