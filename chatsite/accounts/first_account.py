"""How a new site gets its administrator.

On a site without any account the first to sign up becomes its administrator. In production whoever finds the site
first must not be that one, so there it takes a token which only the server's log tells. The token is derived from
SECRET_KEY: every process knows the same one and nothing is stored. It is worth nothing once there is an account.
"""

import logging
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from chat.failures import log_failure
from chatsite.at_start import asked

logger = logging.getLogger("chatsite")


def has_accounts() -> bool:
    return User.objects.exists()


def may_make_first_account(request: HttpRequest) -> bool:
    """With DEBUG anybody, else who has the token."""
    return bool(settings.DEBUG) or constant_time_compare(request.GET.get("token", ""), first_signup_token())


def first_signup_token() -> str:
    """What the first sign-up needs in production."""
    return salted_hmac("chatsite.accounts.first_signup", "administrator", algorithm="sha256").hexdigest()


def announce_first_signup() -> None:
    """Log the way to the first account, if there is none. Called at start; never fails.

    With DEBUG the page itself lets anybody make it, so there is nothing to tell.
    """
    if settings.DEBUG:
        return
    if asked(_is_vacant):
        path = f"{reverse('account_signup')}?{urlencode({'token': first_signup_token()})}"
        logger.warning("There is no account on this site yet. Its administrator signs up at %s", path)


def _is_vacant() -> bool:
    try:
        return not has_accounts()
    except Exception as exc:  # whatever it is, the site starts
        log_failure(logger, exc, "the accounts cannot be read yet", level=logging.WARNING)
        return False
