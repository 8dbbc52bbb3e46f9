"""Quotas: what a run may cost at the most is reserved before it is asked for, and settled when it ends.

Theory. Whoever accepts a question holds its owner's lock (chat/models/locks.py). Under it what the owner has spent and
what is reserved is added up, in one statement, and what the answer may cost is stored with its generation: it counts
as long as that runs. Ends take no such lock: the transaction that ends one writes down what it has used (settling.py).
So whatever happens at the same time, the sum of both never passes the quota when something is accepted.

Where there are no quotas at all (`Rights.under_quotas`) nothing here is asked.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.conf import settings
from chat.core.prompt import Turn
from chat.core.quotas import Allowance, Unit, most_of
from chat.core.rights import NOT_PERMITTED, Rights
from chat.core.tokens import Tokens, tokens_of
from chat.errors import ChatError, Forbidden
from chat.i18n import gettext_noop as _
from chat.models import Generation, Quota
from chat.models.locks import lock_owner
from chat.models.quota import NOBODYS
from chat.models.rights import QUOTAS_IN_MONEY, rights_of, rules_of
from chat.models.users import UserId
from chat.providers.registry import registry
from chat.usage.prices import day_of, price_of, unpriced
from chat.usage.quota_words import little_left, refusal
from chat.usage.settling import book_title

NO_PRICE = _("What %(model)s costs is not known here, and you have a quota in money. Choose another model.")


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a run may use until it has to reserve more."""

    tokens: Tokens
    output: int
    """Tokens that each of its requests may be answered with."""


# What holds


def allowances(owner_id: UserId) -> list[Allowance]:
    """What holds for a user now, and what of it is gone; those first of which most is."""
    found = Quota.objects.allowances(owner_id, day_of(timezone.now()))
    return sorted(found, key=lambda each: (-each.percent, each.limit.renews))


def allowances_of(user: Any) -> list[Allowance]:
    """The same of a user who is served; without a query where there are no quotas.

    Asked once for each time that they are found, as their rights are.
    """
    if not rights_of(user).under_quotas:
        return []
    found: list[Allowance] | None = getattr(user, "chat_allowances", None)
    if found is None:
        found = user.chat_allowances = allowances(user.pk)
    return found


def rights_under_quotas(user: Any) -> Rights:
    """What a user may, of models those whose price is known if a quota of theirs is in money."""
    rights = rights_of(user)
    if rights.under_quotas and not rights.unpriced and (pairs := unpriced()) and _pays(user):
        rights = user.chat_rights = rights.without(pairs)
    return rights


def _pays(user: Any) -> bool:
    """Without a query where no quota of anybody is in money."""
    return bool(rules_of(user) & QUOTAS_IN_MONEY) and _has_money(allowances_of(user))


def _has_money(held: list[Allowance]) -> bool:
    return any(each.limit.unit == Unit.MONEY for each in held)


# What is reserved


def estimated_prompt(turns: Iterable[Turn], besides: str) -> int:
    """Its tokens: of what is said, and of what a request says besides."""
    return tokens_of(besides) + sum(turn.tokens for turn in turns)


def reserve(generation: Generation, prompt: int, output: int | None) -> Reserved | None:
    """What an answer may cost at the most, before its generation is stored, behind its owner's lock.

    `prompt`: its tokens, by estimate; `output`: how many its answer may have, if somebody has chosen that. None if no
    quota holds for the owner. Raises OverQuota, or Forbidden for a model without a price.
    """
    most = _most_output(generation.model, output)
    tokens = most_of(prompt, most)
    held, cost = _check(_of(generation), tokens)
    generation.little_left = little_left(held)
    if not held:
        return None
    generation.reserved_day = day_of(generation.created_at)
    generation.reserved_cost, generation.reserved_tokens = cost, tokens.total
    return Reserved(tokens, most)


@transaction.atomic
def extend(generation: Generation, tokens: Tokens) -> bool:
    """Reserve this for all of a run, in place of what it had. False if there is no room for that."""
    try:
        lock_owner(generation.owner_id)
        _held, cost = _check(_of(generation), tokens)
    except ChatError:  # there is no room, or its owner is gone
        return False
    # Where somebody else has ended the run, nothing is reserved any more; it learns of that soon.
    generation.reserve(cost, tokens.total)
    return True


@transaction.atomic
def book_most_of_title(owner_id: UserId, provider: str, model: str, at: datetime, prompt: int) -> uuid.UUID:
    """As `book_title`, with the most that it may cost, if there is room for that. Raises as `reserve` does."""
    lock_owner(owner_id)
    tokens = most_of(prompt, _most_output(model))
    run = _Run(NOBODYS, owner_id, provider, model, at, messages=0)
    _check(run, tokens)
    return book_title(owner_id, provider, model, at, tokens)


def _most_output(model: str, chosen: int | None = None) -> int:
    """Tokens that an answer may have: those that somebody chose, or the settings say, but no more than its model's."""
    most, known = chosen or int(settings.CHAT_QUOTA_OUTPUT_TOKENS), registry().find(model)
    return min(most, known.output) if known and known.output else most


@dataclass(frozen=True, slots=True)
class _Run:
    pk: uuid.UUID
    owner_id: UserId
    provider: str
    model: str
    at: datetime
    messages: int = 1


def _of(generation: Generation) -> _Run:
    return _Run(generation.pk, generation.owner_id, generation.provider, generation.model, generation.created_at)


def _check(run: _Run, tokens: Tokens) -> tuple[list[Allowance], int]:
    """What holds for its owner, without this, and what it may cost at the most, which is not stored.

    Raises OverQuota where one has no room for it; Forbidden.
    """
    price = price_of(run.provider, run.model, run.at)
    cost = price.cost(tokens) if price else 0
    held = Quota.objects.allowances(run.owner_id, day_of(run.at), run.pk)
    if price is None and _has_money(held):
        raise Forbidden(NO_PRICE, values={"model": run.model}, code=NOT_PERMITTED)
    wanted = {Unit.MONEY: cost, Unit.TOKENS: tokens.total, Unit.MESSAGES: run.messages}
    full = [each for each in held if not each.has_room(wanted[each.limit.unit])]
    if full:
        first = max(full, key=lambda each: each.limit.renews)
        raise refusal(first, wanted[first.limit.unit])
    return held, cost
