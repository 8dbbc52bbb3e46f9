"""How much a user may have written at once, and send in a minute. Counted while the row of the user is locked."""

import math
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from chat.conf import settings
from chat.conversations.notice import check_accepted
from chat.conversations.turns import Wish
from chat.errors import TooMany, Unavailable
from chat.i18n import gettext_noop as _
from chat.models import Generation, ThrottleEntry
from chat.models.users import UserId
from chat.providers.registry import registry

MINUTE = timedelta(minutes=1)
WAIT_SECONDS = 5
"""Until an answer may have ended."""


def check_limits(owner_id: UserId, wish: Wish, has_room: Callable[[], bool]) -> None:
    """`has_room` says whether this process can take one more generation. Raises Forbidden, TooMany, Unavailable."""
    check_accepted(owner_id)
    registry().check_offered(wish.model, wish.rights)
    _check_running(owner_id, wish.model)
    _check_rate(owner_id)
    if not has_room():
        raise Unavailable(
            _("As many answers as this server can take are being written. Try again in %(wait)s s."),
            values={"wait": WAIT_SECONDS},
            retry_after=WAIT_SECONDS,
        )


def _check_running(owner_id: UserId, model: str) -> None:
    """Counted by provider: one that hangs takes no room from the others."""
    most = settings.CHAT_LIVE_PER_USER
    if most and Generation.objects.count_running(owner_id, registry()[model].provider.name) >= most:
        raise TooMany(
            _(
                "%(limit)s of your answers are being written already. Wait for one to end, or stop it. "
                "Try again in %(wait)s s."
            ),
            values={"limit": most, "wait": WAIT_SECONDS},
            retry_after=WAIT_SECONDS,
        )


def _check_rate(owner_id: UserId) -> None:
    allowed, now = settings.CHAT_MESSAGES_PER_MINUTE, timezone.now()
    if allowed and (first := ThrottleEntry.objects.nth_since(allowed, owner_id, now - MINUTE, now)):
        wait = max(1, math.ceil((first + MINUTE - now).total_seconds()))
        raise TooMany(
            _("That was %(limit)s messages in a minute. Send it again in %(wait)s s."),
            values={"limit": allowed, "wait": wait},
            retry_after=wait,
        )
