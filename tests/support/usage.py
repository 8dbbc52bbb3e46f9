"""Rows of what was used, without runs that would have used it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from chat.models import UsageEntry
from chat.usage.prices import day_of
from chat.usage.settling import store


def spend(owner: Any, cost: int | None, days_ago: int = 0, **fields: object) -> None:
    """As an answer of that day that has ended."""
    at = timezone.now() - timedelta(days=days_ago)
    given = {"kind": "answer", "provider": "default", "model": "gpt-4o-mini", "status": "complete", "currency": "USD"}
    used = {"input": 1000, "output": 500, "first_token_ms": 250}
    entry = UsageEntry(id=uuid4(), owner=owner, at=at, day=day_of(at), cost=cost, **given | used | fields)
    with transaction.atomic():
        store(entry)


def spend_for_a_month(owners: Iterable[Any]) -> None:
    """With a day without a price, one on which nothing was used, failures and titles."""
    for place, owner in enumerate(owners):
        for days_ago in range(30):
            if days_ago == 9:
                continue
            cost = None if days_ago == 4 else 180_000_000 + (days_ago * 7919 + place * 104_729) % 97 * 20_000_000
            for turn in range(1 + (days_ago * 31 + place) % 3):
                model = ("gpt-4o-mini", "gpt-4o", "a-model-of-our-own-with-a-long-name")[(turn + place) % 3]
                status = "failed" if (days_ago + place) % 11 == 0 else "complete"
                spend(owner, cost, days_ago, model=model, status=status, cached=300, reasoning=120 * turn)
            spend(owner, cost and 40_000, days_ago, kind="title", first_token_ms=None, input=400, output=9)
