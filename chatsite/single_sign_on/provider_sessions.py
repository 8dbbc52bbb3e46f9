"""Which session here is one of the provider's, and how those end that it says have ended.

A session is known by its key, which Django changes with each new password. The site's sessions tell of that, and take
along what is said of them here when they end (session_engine.py).
"""

import hashlib
import time
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from allauth.account import app_settings
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from chatsite.accounts.mfa.requirement import note_elsewhere
from chatsite.models import ProviderSession, UsedLogoutToken
from chatsite.single_sign_on.claims import MOST_SUB_CHARS, Claims
from chatsite.single_sign_on.session_engine import IS_PROVIDERS
from chatsite.single_sign_on.tokens import LEEWAY_SECONDS

MOST_SID_CHARS = 255


class UsedBefore(Exception):
    """The logout token has been sent before."""


def began(
    request: HttpRequest,
    user: User,
    sub: str,
    *,
    sid: Any,
    id_token: str,
    began_at: int = 0,
    has_second_factor: bool = False,
) -> bool:
    """Of a login that has just succeeded. False if the provider has ended its session meanwhile."""
    request.session[IS_PROVIDERS] = True
    if has_second_factor:
        note_elsewhere(request.session, user.pk)
    if not request.session.session_key:
        request.session.create()
    known = _short(sid, MOST_SID_CHARS)
    ProviderSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={"user": user, "sub": sub, "sid": known, "id_token": id_token},
    )
    return not _has_ended(sub, known, began_at)


def issued_at(claims: Claims) -> int:
    """In whole seconds that a column holds."""
    return max(0, int(claims["iat"]))


def is_providers(request: HttpRequest) -> bool:
    return IS_PROVIDERS in request.session


def id_token_of(request: HttpRequest) -> str:
    """That the session began with; empty if it is none of the provider's."""
    if not is_providers(request):
        return ""
    said = ProviderSession.objects.filter(session_key=request.session.session_key).values_list("id_token", flat=True)
    return said.first() or ""


def end_by(claims: Claims) -> int:
    """End what a logout token says; how many sessions these were. Raises UsedBefore.

    A login that is on its way stores its session, and then looks for such a token: so here they are looked for once
    more when the token is stored, and one sees the other. Second factors may take it as long as LOGIN_TIMEOUT.
    """
    with transaction.atomic():
        _use(claims)
        number = _end(claims)
    return number + _end(claims)


def _end(claims: Claims) -> int:
    sessions = list(_meant(claims))
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for session in sessions:
        store(session.session_key).delete()
    return len(sessions)


def _meant(claims: Claims) -> Any:
    """One by its `sid`, or all of a `sub`."""
    named = {name: claims[name] for name in ("sub", "sid") if claims.get(name)}
    return ProviderSession.objects.filter(**named)


def _has_ended(sub: str, sid: str, began_at: int) -> bool:
    """By a token of its own, or by one for all of the user's that began before."""
    own = Q(sid=sid, sub__in=("", sub)) & ~Q(sid="")
    return UsedLogoutToken.objects.filter(own | Q(sid="", sub=sub, issued_at__gte=began_at)).exists()


def _short(said: Any, most: int) -> str:
    """What can be stored; else empty."""
    return said if isinstance(said, str) and len(said) <= most else ""


def _use(claims: Claims) -> None:
    UsedLogoutToken.objects.filter(expires__lt=timezone.now()).delete()
    digest = hashlib.sha256(f"{claims['iss']}\n{claims['jti']}".encode()).hexdigest()
    expires = max(claims["exp"], time.time() + app_settings.LOGIN_TIMEOUT) + 2 * LEEWAY_SECONDS
    try:
        with transaction.atomic():
            UsedLogoutToken.objects.create(
                digest=digest,
                expires=datetime.fromtimestamp(expires, UTC),
                sub=_short(claims.get("sub"), MOST_SUB_CHARS),
                sid=_short(claims.get("sid"), MOST_SID_CHARS),
                issued_at=issued_at(claims),
            )
    except IntegrityError as error:
        raise UsedBefore from error
