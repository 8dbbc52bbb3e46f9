"""A login at the provider as the proof that it is the user who asks, for those who have no password here.

The provider is asked to ask anew (`prompt=login`, `max_age=0`); that it has done so is believed by `auth_time` alone,
which it signs: whoever has the user's cookies can send the browser there without these parameters.
"""

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.internal.flows.reauthentication import resume_request
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.http import HttpRequest, QueryDict
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext_noop as _

from chatsite.single_sign_on.configuration import PROVIDER_ID, is_on
from chatsite.single_sign_on.errors import LoginFailed
from chatsite.single_sign_on.tokens import LEEWAY_SECONDS

PROCESS = "fresh_login"
"""What the state of such a login says it is for."""
ASKED = {"prompt": "login", "max_age": "0"}
FRESH_SECONDS = 300
METHOD = "socialaccount"
"""What allauth calls a login at a provider, among the ways in which a session was authenticated."""

NOT_FRESH = _("%(name)s does not say that you have logged in anew just now. Please try again.")
SILENT = _(
    "%(name)s does not say when you logged in there, so it cannot prove that it is you. Set up a password or a second "
    "factor here, or ask the administrator of this site."
)
SOMEBODY_ELSE = _("You have logged in at %(name)s as somebody else. Log in there with the account that you use here.")


def is_possible(user: Any) -> bool:
    return is_on() and SocialAccount.objects.filter(provider=PROVIDER_ID, user_id=user.pk).exists()


def was_done(request: HttpRequest, user: User) -> bool:
    """Recently enough, as allauth has it."""
    done = [each for each in get_authentication_records(request, user) if each.get("reauthenticated")]
    last = next((each["at"] for each in reversed(done) if each.get("method") == METHOD), 0)
    return bool(time.time() - last < app_settings.REAUTHENTICATION_TIMEOUT)


def finish(request: HttpRequest, login: Any) -> None:
    """Back from there: note it, and go on with what it was for. Raises ImmediateHttpResponse, LoginFailed."""
    if login.account._state.adding or login.account.user_id != request.user.pk:
        raise LoginFailed("A fresh login was somebody else's", SOMEBODY_ELSE)
    check_fresh(login.claims.get("auth_time"))
    account = {"provider": login.account.provider, "uid": login.account.uid}
    record_authentication(request, request.user, METHOD, reauthenticated=True, **account)
    request.GET = QueryDict(urlencode({"next": login.state.get("next", "")}))  # where allauth looks for it
    raise ImmediateHttpResponse(resume_request(request) or redirect("/"))


def check_fresh(auth_time: Any) -> None:
    """Raises LoginFailed."""
    if isinstance(auth_time, bool) or not isinstance(auth_time, int | float):
        raise LoginFailed("The ID token has no auth_time", SILENT)
    if not -LEEWAY_SECONDS <= time.time() - auth_time <= FRESH_SECONDS:
        raise LoginFailed("auth_time is not of just now", NOT_FRESH)
