"""Logins that failed: a line each, for whoever bans addresses by the log (docs/deploy.md, fail2ban).

Neither what was typed as a name stands there, for people type their password into the wrong field, nor the password.
"""

import logging
from typing import Any

from allauth.mfa.signals import authentication_failed
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpRequest

from chat.serving.addresses import UNKNOWN, client_address

logger = logging.getLogger("chatsite.logins")


@receiver(user_login_failed)
def log_wrong_password(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    logger.warning("A login failed from %s: wrong password, %s", _address(request), _account(credentials))


@receiver(authentication_failed)
def log_wrong_factor(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    logger.warning("A login failed from %s: wrong second factor, account %s", _address(request), user.pk)


def _address(request: HttpRequest | None) -> str:
    return client_address(request) if request else UNKNOWN


def _account(credentials: dict[str, Any]) -> str:
    """By its number, if there is one."""
    typed = credentials.get("username") or credentials.get("email") or ""
    named = User.objects.filter(Q(username__iexact=typed) | Q(email__iexact=typed)) if typed else User.objects.none()
    pk = named.values_list("pk", flat=True).first()
    return f"account {pk}" if pk is not None else "unknown account"
