"""Which session here is one of the provider's, and how those end that it says have ended.

A session is known by its key, which Django changes with each new password: the site's sessions follow it
(session_engine.py).
"""

import hashlib
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from chatsite.models import ProviderSession, UsedLogoutToken
from chatsite.single_sign_on.claims import Claims
from chatsite.single_sign_on.session_engine import IS_PROVIDERS
from chatsite.single_sign_on.tokens import LEEWAY_SECONDS

MOST_SID_CHARS = 255


class UsedBefore(Exception):
    """The logout token has been sent before."""


def began(request: HttpRequest, user: User, sub: str, sid: Any, id_token: str) -> None:
    """Of a login that has just succeeded."""
    request.session[IS_PROVIDERS] = True
    if not request.session.session_key:
        request.session.create()
    live = Session.objects.values("session_key")
    ProviderSession.objects.filter(user=user).exclude(session_key__in=live).delete()
    known = sid if isinstance(sid, str) and len(sid) <= MOST_SID_CHARS else ""
    ProviderSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={"user": user, "sub": sub, "sid": known, "id_token": id_token},
    )


def is_providers(request: HttpRequest) -> bool:
    return IS_PROVIDERS in request.session


def ends(request: HttpRequest) -> str:
    """Of a session that its user ends here: the ID token that it began with; empty if it is none of the provider's."""
    if not is_providers(request):
        return ""
    session = ProviderSession.objects.filter(session_key=request.session.session_key).first()
    if not session:
        return ""
    session.delete()
    return session.id_token


@transaction.atomic
def end_by(claims: Claims) -> int:
    """End what a logout token says; how many sessions these were. Raises UsedBefore."""
    _use(claims)
    sessions = list(_meant(claims))
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for session in sessions:
        store(session.session_key).delete()
        session.delete()
    return len(sessions)


def _meant(claims: Claims) -> Any:
    """One by its `sid`, or all of a `sub`."""
    named = {name: claims[name] for name in ("sub", "sid") if claims.get(name)}
    return ProviderSession.objects.filter(**named)


def _use(claims: Claims) -> None:
    UsedLogoutToken.objects.filter(expires__lt=timezone.now()).delete()
    digest = hashlib.sha256(f"{claims['iss']}\n{claims['jti']}".encode()).hexdigest()
    expires = datetime.fromtimestamp(claims["exp"], UTC)
    try:
        with transaction.atomic():
            UsedLogoutToken.objects.create(digest=digest, expires=expires + timedelta(seconds=2 * LEEWAY_SECONDS))
    except IntegrityError as error:
        raise UsedBefore from error
