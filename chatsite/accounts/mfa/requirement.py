"""Who needs a second factor (CHAT_MFA), and whether a session has proved one.

A session that began elsewhere, at an identity provider which vouches for its users' factors, has proved one. Any other
notes that it has used a factor, or made one. Where one is demanded, the note is held against the database
once, and then says for which demand: so a page costs no query more. Who must have one cannot remove the last
(adapter.py), and where staff take it away all sessions of its owner end (`manage.py removefactors`): what a session
has noted stays true.
"""

from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_used
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse

NOTE = "second_factor"
USED, ELSEWHERE = "used", "elsewhere"


def is_demanded_of(user: Any) -> bool:
    return settings.CHAT_MFA == "all" or (settings.CHAT_MFA == "staff" and user.is_staff)


def factors_of(user_id: Any) -> "QuerySet[Authenticator]":
    """Those by which somebody logs in; recovery codes only stand in for them."""
    factors: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user_id)
    return factors.exclude(type=Authenticator.Type.RECOVERY_CODES)


def has_proved(session: SessionBase, user_id: Any) -> bool:
    noted = session.get(NOTE)
    if noted in (_note(user_id, ELSEWHERE), _note(user_id, settings.CHAT_MFA)):
        return True
    if noted != _note(user_id, USED) or not factors_of(user_id).exists():
        return False
    session[NOTE] = _note(user_id, settings.CHAT_MFA)
    return True


def way_to_proof(user_id: Any, back: str) -> str:
    """Where a factor is asked for, and then leads back; or where one is made."""
    if factors_of(user_id).exists():
        return f"{reverse('mfa_reauthenticate')}?{urlencode({REDIRECT_FIELD_NAME: back})}"
    return reverse("mfa_index")


@receiver([authenticator_used, authenticator_added])
def note_use(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    request.session[NOTE] = _note(user.pk, USED)


def note_elsewhere(session: SessionBase, user_id: Any) -> None:
    session[NOTE] = _note(user_id, ELSEWHERE)


def _note(user_id: Any, of: str) -> str:
    return f"{user_id} {of}"
