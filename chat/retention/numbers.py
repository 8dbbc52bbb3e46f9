"""What retention would erase, in numbers, by whose it is and how long nothing has happened in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from chat.models import Conversation
from chat.retention.days import Rule, rules
from chat.retention.holds import held

AGES = (30, 90, 365, 730, 1825, 3650)
"""In days: up to so many, and more."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of the conversations that one rule is for, and in which nothing has happened for as many days as it says."""

    rule: Rule
    past: int
    due: int
    """Of these what goes with the next look: its owner was told a week ago."""
    told: int
    """What goes within a week: its owner is told."""
    held: int
    """What is under a hold, and stays."""
    ages: dict[str, int]
    """By the days since the last activity; those of which there are none are left out."""


def numbers(now: datetime | None = None) -> Iterator[Numbers]:
    """Those of each rule: the shortest first, of all others last."""
    now = now or timezone.now()
    for rule in rules():
        yield _of(rule, now)


def _of(rule: Rule, now: datetime) -> Numbers:
    those = Conversation.with_deleted.filter(rule.owned, deleted_at=None, is_temporary=False)
    past = those.filter(updated_at__lte=now - timedelta(days=rule.days))
    found: dict[str, Any] = past.order_by().aggregate(
        past=Count("pk"),
        due=Count("pk", filter=Q(due_at__lte=now)),
        told=Count("pk", filter=Q(due_at__gt=now)),
        **{f"age_{number}": Count("pk", filter=between) for number, (_name, between) in enumerate(_ages(now))},
    )
    ages = {name: found.pop(f"age_{number}") for number, (name, _between) in enumerate(_ages(now))}
    return Numbers(rule, held=held(past).count(), ages={name: count for name, count in ages.items() if count}, **found)


def _ages(now: datetime) -> Iterator[tuple[str, Q]]:
    least = 0
    for days in AGES:
        yield f"{least} to {days} days", _between(now, least, days)
        least = days
    yield f"more than {least} days", Q(updated_at__lt=now - timedelta(days=least))


def _between(now: datetime, least: int, most: int) -> Q:
    until = Q(updated_at__lt=now - timedelta(days=least)) if least else Q()
    return until & Q(updated_at__gte=now - timedelta(days=most))
