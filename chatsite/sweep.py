"""What has had its time is deleted, once an hour: sessions that have ended, and what else is known of them; counters;
logout tokens; invitations that nobody took.

Some rows at a time, each in a transaction of its own, for on SQLite whoever writes waits for it. Of several processes
one does it: which comes first. Nothing is deleted within a day of its end, so that a clock that runs ahead for a while
logs nobody out.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone

from chat.core.batches import batches
from chat.models.threads import long_work
from chatsite.accounts.mfa.rotation import encrypt_anew
from chatsite.models import CacheEntry, Invitation, ProviderSession, UsedLogoutToken

logger = logging.getLogger("chatsite")

SWEEP_SECONDS = 3600.0
CHANGING_SECONDS = 5.0
"""For a moment a session whose key changes has neither."""
BATCH = 500
DAY = timedelta(days=1)
SEEN = timedelta(days=90)
"""For which the administration says when somebody was last active, though their session is over."""
UNTAKEN = timedelta(days=30)
"""How long staff see that an invitation has ended which nobody took."""
TURN = "chatsite.sweep"


def start_sweeping() -> None:
    """In turn with what else takes long; a thread says when.

    The first sweep is an hour after the start: until then a new process has other work.
    """
    threading.Thread(target=_sweep_for_ever, name="chatsite-sweep", daemon=True).start()


def _sweep_for_ever() -> None:
    _try(encrypt_anew)
    while True:
        time.sleep(SWEEP_SECONDS)
        _try(sweep)


def _try(work: Callable[[], Any]) -> None:
    try:
        long_work.wait(work)
    except Exception as exc:
        logger.warning("Could not sweep what has had its time: %s", exc)


def sweep() -> None:
    forget_counters()
    if not cache.add(TURN, True, SWEEP_SECONDS / 2):
        return
    encrypt_anew()
    swept = {
        "ended sessions": end_sessions(),
        "devices of ended sessions": forget_devices(
            UserSession.objects.filter(last_seen_at__lt=timezone.now() - SEEN)
        ),
        "provider's sessions": forget_devices(ProviderSession.objects.all()),
        "logout tokens": _delete(UsedLogoutToken.objects.filter(expires__lt=timezone.now() - DAY)),
        "untaken invitations": forget_invitations(),
    }
    if any(swept.values()):
        logger.info("Swept %s", ", ".join(f"{number} {name}" for name, number in swept.items() if number))


def forget_counters() -> None:
    """Also those that a clock gave which was ahead: none is for as long as a day."""
    now = timezone.now()
    _delete(CacheEntry.objects.filter(expires__lt=now))
    _delete(CacheEntry.objects.filter(expires__gt=now + DAY))


def end_sessions() -> int:
    """Of the engine that is in use, where it keeps them in the database."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    return _delete(store.get_model_class().objects.filter(expire_date__lt=timezone.now() - DAY))


def forget_devices(rows: "QuerySet[Any]") -> int:
    """Those that are of no session any more: it has ended, by itself or by a logout."""
    if not (gone := _without_session(rows)):
        return 0
    time.sleep(CHANGING_SECONDS)
    return sum(_delete(rows.filter(pk__in=_still_without(rows, some))) for some in batches(gone, BATCH))


def _without_session(rows: "QuerySet[Any]") -> list[Any]:
    found: list[Any] = []
    last = 0
    while some := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        found += _still_without(rows, some)
        last = some[-1]
    return found


def _still_without(rows: "QuerySet[Any]", ids: list[Any]) -> list[Any]:
    keys = dict(rows.filter(pk__in=ids).values_list("pk", "session_key"))
    sessions = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class().objects
    live = set(sessions.filter(session_key__in=keys.values()).values_list("session_key", flat=True))
    return [pk for pk, key in keys.items() if key not in live]


def forget_invitations() -> int:
    return _delete(Invitation.objects.filter(used_at=None, expires_at__lt=timezone.now() - UNTAKEN))


def _delete(rows: "QuerySet[Any]") -> int:
    count = 0
    while some := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        _, deleted = rows.filter(pk__in=some).delete()
        count += deleted.get(rows.model._meta.label, 0)  # another process may have been first
    return count
