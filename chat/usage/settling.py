"""Settling: what a run of a model has used is written down, with its cost, in the transaction that ends it.

Whoever ends a run settles it: its own process, another, a sweep, or who erases it while it goes on. The id of the run
is the row's, so it is settled once, whoever comes second. What was reserved for it (quotas.py) counts no more then.
"""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from chat.conf import settings
from chat.core.endings import Status
from chat.core.tokens import Tokens
from chat.errors import NotLoggedIn
from chat.models import Generation, UsageEntry
from chat.models.locks import lock_owner
from chat.models.usage import Kind
from chat.models.users import UserId
from chat.usage.prices import day_of, price_of
from chat.usage.totals import add_late


def settle(generation: Generation, tokens: Tokens, status: Status, first_piece_at: datetime | None = None) -> None:
    """An answer's run, in the caller's transaction."""
    entry = _entry(generation.owner_id, generation.provider, generation.model, generation.created_at, tokens)
    entry.id, entry.kind, entry.status = generation.pk, Kind.ANSWER, status
    entry.first_token_ms = _milliseconds(generation.created_at, first_piece_at)
    store(entry)


def book_title(owner_id: UserId, provider: str, model: str, at: datetime, tokens: Tokens) -> uuid.UUID:
    """Before a title is asked for: by estimate, and as interrupted, which it stays if the process is killed.

    Returns what it is settled by.
    """
    entry = _entry(owner_id, provider, model, at, tokens)
    entry.id, entry.kind, entry.status = uuid.uuid4(), Kind.TITLE, Status.INTERRUPTED
    with transaction.atomic():
        _lock_owner(entry)
        store(entry)
    return entry.id


def settle_title(
    booked: uuid.UUID,
    owner_id: UserId,
    provider: str,
    model: str,
    at: datetime,
    tokens: Tokens,
    *,
    has_failed: bool,
) -> None:
    """A request for a title that began then: what it has used takes the place of what was booked."""
    entry = _entry(owner_id, provider, model, at, tokens)
    entry.id, entry.kind = booked, Kind.TITLE
    entry.status = Status.FAILED if has_failed else Status.COMPLETE
    with transaction.atomic():
        _lock_owner(entry)
        entry.replace()


def _lock_owner(entry: UsageEntry) -> None:
    try:
        lock_owner(entry.owner_id)
    except NotLoggedIn:  # gone meanwhile, or about to be
        entry.owner_id = None


def store(entry: UsageEntry) -> None:
    """In the caller's transaction, with all sums that it belongs to; once."""
    if entry.store():
        add_late(entry)


def _milliseconds(start: datetime, end: datetime | None) -> int | None:
    """None too if the clock was set in between."""
    waited = -1 if end is None else round((end - start).total_seconds() * 1000)
    return waited if 0 <= waited < 2**31 else None


def _entry(owner_id: UserId, provider: str, model: str, at: datetime, tokens: Tokens) -> UsageEntry:
    price = price_of(provider, model, at)
    used: dict[str, Any] = {name: getattr(tokens, name) for name in ("input", "cached", "output", "reasoning")}
    return UsageEntry(
        owner_id=owner_id,
        provider=provider,
        model=model,
        at=at,
        day=day_of(at),
        is_estimated=tokens.is_estimated,
        cost=None if price is None else price.cost(tokens),
        currency=settings.CHAT_CURRENCY,
        **used,
    )
