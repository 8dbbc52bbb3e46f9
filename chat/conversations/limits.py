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
    """What is written is counted by provider: one that hangs takes no room from the others."""
    check_accepted(owner_id)
    registry().check_offered(wish.model, wish.rights)
    live = settings.CHAT_LIVE_PER_USER
    if live and Generation.objects.count_running(owner_id, registry()[wish.model].provider.name) >= live:
        raise TooMany(
            _(
                "%(limit)s of your answers are being written already. Wait for one to end, or stop it. "
                "Try again in %(wait)s s."
            ),
            values={"limit": live, "wait": WAIT_SECONDS},
            retry_after=WAIT_SECONDS,
        )
    allowed = settings.CHAT_MESSAGES_PER_MINUTE
    if allowed:
        now = timezone.now()
        if first := ThrottleEntry.objects.nth_since(allowed, owner_id, now - MINUTE, now):
            wait = max(1, math.ceil((first + MINUTE - now).total_seconds()))
            raise TooMany(
                _("That was %(limit)s messages in a minute. Send it again in %(wait)s s."),
                values={"limit": allowed, "wait": wait},
                retry_after=wait,
            )
    if not has_room():
        raise Unavailable(
            _("As many answers as this server can take are being written. Try again in %(wait)s s."),
            values={"wait": WAIT_SECONDS},
            retry_after=WAIT_SECONDS,
        )
