"""Notes when and from where a session was last used: at most once in five minutes.

In a project with several processes each looks so often; the row is written by the first of them.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from asgiref.sync import iscoroutinefunction, sync_to_async
from cachetools import TTLCache
from django.contrib.auth import SESSION_KEY
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.decorators import sync_and_async_middleware

from chat.failures import cause_of, log_waiting

logger = logging.getLogger("chatsite")

SECONDS = 300
MOST_SESSIONS = 20_000
"""Of which a process knows when it has looked; past it, some are looked at more often."""

_looked_at: TTLCache[str, bool] = TTLCache(MOST_SESSIONS, SECONDS)


@sync_and_async_middleware
def note_last_seen(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    if iscoroutinefunction(get_response):

        async def on_event_loop(request: HttpRequest) -> HttpResponseBase:
            response: HttpResponseBase = await get_response(request)
            if _is_due(request):
                await sync_to_async(_note)(request)
            return response

        return on_event_loop

    def in_thread(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        if _is_due(request):
            _note(request)
        return response

    return in_thread


def forget() -> None:
    """That any session was looked at."""
    _looked_at.clear()


def _is_due(request: HttpRequest) -> bool:
    """Asks no database: a session that this request has not read is not read for it."""
    session = getattr(request, "session", None)
    if session is None or not session.accessed or SESSION_KEY not in getattr(session, "_session_cache", {}):
        return False
    if not session.session_key or session.session_key in _looked_at:
        return False
    _looked_at[session.session_key] = True
    return True


def _note(request: HttpRequest) -> None:
    """Where it cannot be written the page, which has been made, is given out all the same."""
    try:
        _store(request)
    except Exception as exc:
        if not cause_of(exc):
            raise
        log_waiting(logger, exc, "when sessions were last used is not noted")


def _store(request: HttpRequest) -> None:
    now, found = timezone.now(), UserSession.objects.filter(session_key=request.session.session_key)
    seen = {
        "ip": get_adapter().get_client_ip(request),
        "user_agent": request.headers.get("User-Agent", "")[: UserSession._meta.get_field("user_agent").max_length],
        "last_seen_at": now,
    }
    row = found.values_list("last_seen_at", flat=True).first()
    if row is None:
        _add(request, seen)
    elif row < now - timedelta(seconds=SECONDS):
        found.update(**seen)


def _add(request: HttpRequest, seen: dict[str, Any]) -> None:
    """One that began before there was such a list, or that no login of allauth's began."""
    user_id, key = request.session[SESSION_KEY], request.session.session_key
    with suppress(IntegrityError):  # who is deleted meanwhile
        UserSession.objects.bulk_create([UserSession(user_id=user_id, session_key=key, **seen)], ignore_conflicts=True)
