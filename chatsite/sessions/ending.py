"""Sessions are ended: their streams end within 15 s, for what allowed a stream is asked again while it is open."""

from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

MOST_SESSIONS = 20
"""Of a user: a login past them ends those that have not been used for longest. Each costs a few queries at a login."""


def end_sessions_of(user: Any) -> int:
    """All of them, also those that the list does not know; how many. Reads every session of the site."""
    keys = [
        session.session_key
        for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator(2000)
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    for key in keys:
        import_module(settings.SESSION_ENGINE).SessionStore().delete(key)
    UserSession.objects.filter(user_id=user.pk).delete()
    return len(keys)


def end_others_of(user: Any, key: str | None) -> None:
    """Those that the list knows, but that of this key. A new password has made them worthless."""
    for session in UserSession.objects.filter(user_id=user.pk).exclude(session_key=key or ""):
        session.end()


def end_surplus_of(user: Any) -> None:
    """Room for one more."""
    for session in UserSession.objects.filter(user_id=user.pk).order_by("-last_seen_at")[MOST_SESSIONS - 1 :]:
        session.end()
