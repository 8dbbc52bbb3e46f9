"""Attempts to log in: how many, and what is said past that.

allauth counts them in the default cache, by account and by address (ACCOUNT_RATE_LIMITS). Two things are ours: past a
limit the answer is a 429 that says when to try again; and nobody locks somebody else out for good. Whoever has logged
in with a browser is known there by a cookie, and what is tried with it is counted by itself, out of reach for
guesses of strangers (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
"""

import math
import time
from typing import Any
from uuid import uuid4

from allauth.core.internal.ratelimit import Rate, get_cache_key, get_rates
from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from chat.serving.refused_addresses import refuse_address
from chat.views.errors import error_response, too_many_attempts

DEVICE_COOKIE = "chat_device"
DEVICE_SECONDS = 180 * 24 * 3600
ACTIONS = {
    "account_login": ("login", "login_failed"),
    "openid_connect_login": ("login",),
    "account_signup": ("signup",),
    "account_invitation": ("signup",),
    "account_reset_password": ("reset_password",),
}
"""What allauth counts by address, by the name of the page's address."""
WAIT_SECONDS = 60
"""Where it is not known which limit it was: most are by the minute."""


def too_many(request: HttpRequest, wait: int = WAIT_SECONDS) -> HttpResponse:
    """429, with `Retry-After`. Of this name and with one argument it is allauth's `handler429`."""
    _refuse_over_limit(request)
    return error_response(request, too_many_attempts(wait))


def _refuse_over_limit(request: HttpRequest) -> None:
    """If it is the address that is over a limit, it need not wait for a thread to hear it again."""
    page = request.resolver_match.url_name if request.resolver_match else None
    for action in ACTIONS.get(page or "", ()):
        for rate in get_rates(app="allauth.account", action=action):
            if rate.per == "ip" and (wait := _wait(rate, _key(request, action, rate))):
                refuse_address(request, wait)


def seconds_to_wait(request: HttpRequest, action: str, key: str) -> int:
    """Until the next attempt is let through."""
    rates = get_rates(app="allauth.account", action=action)
    waits = [_wait(rate, _key(request, action, rate, key)) for rate in rates]
    return max([1, *waits])


def _key(request: HttpRequest, action: str, rate: Rate, key: str = "") -> str:
    found: str = get_cache_key(request, app="allauth.account", action=action, rate=rate, key=key)
    return found


def _wait(rate: Rate, key: str) -> int:
    history: list[float] = cache.get(key, [])  # the latest first
    full = len(history) >= rate.amount
    return math.ceil(history[rate.amount - 1] + rate.duration - time.time()) if full else 0


def attempts_key(request: HttpRequest, credentials: dict[str, Any]) -> str:
    """By what attempts at an account are counted: what is typed, or the known browser that it is typed in."""
    typed = str(credentials.get("username") or credentials.get("email") or "").lower()
    return _known_device(request, typed) or typed


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    value = signing.dumps([user.pk, uuid4().hex], salt=DEVICE_COOKIE)
    response.set_cookie(
        DEVICE_COOKIE,
        value,
        max_age=DEVICE_SECONDS,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _known_device(request: HttpRequest, typed: str) -> str:
    """Empty, unless this browser has a cookie of the account that is typed."""
    try:
        user_id, device = signing.loads(request.COOKIES[DEVICE_COOKIE], salt=DEVICE_COOKIE, max_age=DEVICE_SECONDS)
    except (KeyError, ValueError, signing.BadSignature):
        return ""
    names = User.objects.filter(pk=user_id).values_list("username", "email").first() or ()
    return f"{typed}:{device}" if typed in {name.lower() for name in names if name} else ""
