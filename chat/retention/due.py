"""What goes because nothing has happened in it for so many days (chat/retention/days.py), and that its owner is told.

Theory. A conversation that comes into its last week is marked with the time at which it is due: a week from then on.
The mark is what its page and the list show, in the row that they read anyway. Only what is marked is erased, when it
is due, so each owner had a week to see it: also after the days were made fewer, a group was deleted, or a hold lifted.
And a clock that jumps ahead erases nothing: it marks, and whoever looks when it is right again takes the marks back.
What is gone on with loses its mark at once (`Conversation.touch`), what is kept longer by now at the next look. Days
have 24 hours, so a month's end or the change to summer time is no matter.
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from chat.models import Conversation
from chat.models.certificate import Purpose
from chat.models.conversation import ConversationQuerySet
from chat.retention.days import Rule, rules
from chat.retention.erasure import erase_in_turn
from chat.retention.holds import held, without_held

logger = logging.getLogger(__name__)

NOTICE = timedelta(days=7)
"""How long before it goes an owner is told."""
MINUTE = timedelta(minutes=1)
MARK_SECONDS = 3600.0
"""How often a process looks at all that has come into its last week. What is due it looks for each time."""
ROWS = 500
"""That are marked in one transaction."""
MOST = 1000
"""Conversations that are erased in one look: what else takes long has its turn between them."""

_next_marking = 0.0


def look() -> None:
    """What each process does every minute."""
    global _next_marking
    if time.monotonic() >= _next_marking:
        _next_marking = time.monotonic() + MARK_SECONDS
        take_marks_back()
        mark()
    erase_due()


def mark(now: datetime | None = None) -> int:
    """Mark what is in its last week by now. Returns how many: what several mark counts with one."""
    now, count = now or timezone.now(), 0
    for rule in rules():
        those = without_held(_present().filter(rule.owned, due_at=None, updated_at__lte=_since(rule, now)))
        while ids := list(those.order_by("updated_at").values_list("pk", flat=True)[:ROWS]):
            count += _change(those.filter(pk__in=ids), now + _notice(rule))
    return count


def take_marks_back(now: datetime | None = None) -> int:
    """Of what is kept longer by now, is under a hold, or was marked by a clock that was ahead. Returns how many."""
    now = now or timezone.now()
    marked = _present().filter(due_at__isnull=False)
    kept = [
        marked.exclude(in_last_week(rules(), now)),
        held(marked),
        marked.filter(due_at__gt=now + NOTICE + MINUTE),  # clocks of several machines differ a little
    ]
    return sum(map(_take_back, kept))


def erase_due(most: int = MOST) -> int:
    """Erase what is due, at most so many. Returns how many: what several erase counts with one."""
    if not due().exists():
        return 0
    _take_back(due().exclude(past(rules(), timezone.now())))  # kept longer since it was marked, be it by a day
    if count := erase_in_turn(due, Purpose.RETENTION, most):
        logger.info("Erased %s conversations in which nothing had happened for long", count)
    return count


def due() -> ConversationQuerySet:
    """What is to be erased by now, in the order in which it came to be."""
    return without_held(_present().filter(due_at__lte=timezone.now())).order_by("due_at")


def in_last_week(of: list[Rule], now: datetime) -> Q:
    """Or past it."""
    return _idle((rule, _since(rule, now)) for rule in of)


def past(of: list[Rule], now: datetime) -> Q:
    """What has had all its days."""
    return _idle((rule, now - timedelta(days=rule.days)) for rule in of)


def _idle(since: Iterable[tuple[Rule, datetime]]) -> Q:
    """In which nothing has happened since then."""
    found = Q(pk__in=[])
    for rule, at in since:
        found |= rule.owned & Q(updated_at__lte=at)
    return found


def _present() -> ConversationQuerySet:
    """Deleted and temporary ones go sooner, and by themselves."""
    return Conversation.with_deleted.filter(deleted_at=None, is_temporary=False)


def _notice(rule: Rule) -> timedelta:
    return min(NOTICE, timedelta(days=rule.days))


def _since(rule: Rule, now: datetime) -> datetime:
    return now - timedelta(days=rule.days) + _notice(rule)


def _take_back(those: ConversationQuerySet) -> int:
    count = 0
    while ids := list(those.order_by("pk").values_list("pk", flat=True)[:ROWS]):
        count += _change(those.filter(pk__in=ids), None)
    return count


@transaction.atomic
def _change(those: ConversationQuerySet, due_at: datetime | None) -> int:
    """Locked in one order, so that of several who do the same none waits for ever. What has changed stays as it is."""
    ids = list(those.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    return those.filter(pk__in=ids).update(due_at=due_at)
