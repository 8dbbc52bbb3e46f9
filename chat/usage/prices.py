"""What a model costs: as staff say it, else as the installed list of prices has it (genai-prices), else unknown.

The list comes with its package; nothing here lets it look for a newer one, which `genai_prices.UpdatePrices` would. It
is imported for the first model whose service may be in it, which takes 0.25 s and 12 MB, in a thread that stores.
"""

import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from django.utils import timezone

from chat.conf import settings
from chat.core.rights import Pairs
from chat.core.tokens import Tokens
from chat.models import ModelPrice
from chat.providers.configuration import Model
from chat.providers.registry import Registry, registry

BILLIONTHS = 1_000_000_000
PER = 1_000_000
"""Tokens that a price is for."""
MOST_COST = 10_000_000 * BILLIONTHS
"""Of one run: what is more counts as this much."""
STAFF_SECONDS = 10.0
"""How soon a price that staff change counts in every process."""
DOLLAR = "USD"
OPENAI = "https://api.openai.com/v1"
PUBLIC = re.compile(r"https?://(?:[^/@]*@)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::\d+)?(?:/|$)", re.IGNORECASE)
"""An address with a name: what is at a number, or has no domain, is in no list."""


@dataclass(frozen=True, slots=True)
class Rates:
    """In CHAT_CURRENCY, for a million tokens."""

    input: Decimal
    cached: Decimal
    output: Decimal

    def cost(self, tokens: Tokens) -> int:
        cached = min(tokens.cached, tokens.input)
        exact = (tokens.input - cached) * self.input + cached * self.cached + tokens.output * self.output
        return int((exact * (BILLIONTHS // PER)).quantize(Decimal(1), ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Price:
    rates: Rates
    longer: tuple[tuple[int, Rates], ...] = ()
    """The rates of all tokens of a request whose prompt has more tokens than so many; the longest last."""

    def cost(self, tokens: Tokens) -> int:
        """In billionths of CHAT_CURRENCY."""
        return min(sum(self._rates_of(each).cost(each) for each in tokens.requests), MOST_COST)

    def _rates_of(self, request: Tokens) -> Rates:
        rates = self.rates
        for start, more in self.longer:
            if request.input > start:
                rates = more
        return rates


FREE = Price(Rates(Decimal(0), Decimal(0), Decimal(0)))


def price_of(provider: str, key: str, at: datetime) -> Price | None:
    """Of the model with this key at this moment; None: nobody knows it, which is not the same as 0."""
    if staff := _staffs(provider, key, day_of(at)):
        return staff
    model = registry().find(key)
    if not model or model.provider.name != provider:
        return None
    return FREE if model.provider.is_local else _listed(model, at)


def unpriced() -> Pairs:
    """The models of the settings whose price nobody knows now. Looked at every few seconds."""
    global _unpriced
    known, kept = registry(), _unpriced  # which another thread may forget meanwhile
    if not kept or time.monotonic() - kept[0] > STAFF_SECONDS or kept[1] is not known:
        now = timezone.now()
        names = ((model.provider.name, model.key) for model in known.models)
        pairs = frozenset((provider, key) for provider, key in names if price_of(provider, key, now) is None)
        kept = _unpriced = (time.monotonic(), known, pairs)
    return kept[2]


def day_of(at: datetime) -> date:
    """In TIME_ZONE, whatever a request's own is."""
    return timezone.localtime(at, timezone.get_default_timezone()).date()


# What staff say

_staff_rows: tuple[float, list[ModelPrice]] = (float("-inf"), [])
_unpriced: tuple[float, Registry, Pairs] | None = None


def forget_prices() -> None:
    """They are read again when one is asked for next."""
    global _staff_rows, _unpriced
    _staff_rows, _unpriced = (float("-inf"), []), None


def _staffs(provider: str, key: str, day: date) -> Price | None:
    """By the latest that holds by that day alone: one before it counts no more, whatever currency this one is in."""
    rows = [row for row in _rows() if row.provider == provider and row.model == key and row.since <= day]
    row = max(rows, key=lambda row: row.since, default=None)
    if row is None or not (factor := _factor(row.currency)):
        return None
    cached = row.input if row.cached is None else row.cached
    return Price(Rates(row.input * factor, cached * factor, row.output * factor))


def _rows() -> list[ModelPrice]:
    """There are few, and each run needs one of them: so they are kept for a moment."""
    global _staff_rows
    read_at, rows = _staff_rows
    if time.monotonic() - read_at > STAFF_SECONDS:
        rows = list(ModelPrice.objects.all())
        _staff_rows = (time.monotonic(), rows)
    return rows


def _factor(currency: str) -> Decimal | None:
    """From this currency to CHAT_CURRENCY, where we know it."""
    if currency == settings.CHAT_CURRENCY:
        return Decimal(1)
    rate = settings.CHAT_CURRENCY_RATE
    return Decimal(str(rate)) if currency == DOLLAR and rate else None


# What the list says


def _listed(model: Model, at: datetime) -> Price | None:
    factor = _factor(DOLLAR)
    address = model.provider.address or OPENAI
    if factor is None or not PUBLIC.match(address) or not find_spec("genai_prices"):
        return None
    entry = _entry(address, model.name)
    return _price(entry.get_prices(at.astimezone(UTC)), factor) if entry else None


@lru_cache(1000)
def _entry(address: str, name: str) -> Any:
    """Of the list, or None."""
    from genai_prices import data_snapshot

    try:
        return data_snapshot.get_snapshot().find_provider_model(name, None, None, address)[1]
    except LookupError:
        return None


def _price(listed: Any, factor: Decimal) -> Price | None:
    """None for what is not sold by its tokens."""
    if listed.input_mtok is None or listed.output_mtok is None:
        return None
    cached = listed.input_mtok if listed.cache_read_mtok is None else listed.cache_read_mtok
    kinds = (listed.input_mtok, cached, listed.output_mtok)
    starts = sorted({tier.start for kind in kinds for tier in getattr(kind, "tiers", ())})
    rates = [Rates(*(_at(kind, start) * factor for kind in kinds)) for start in (0, *starts)]
    return Price(rates[0], tuple(zip(starts, rates[1:], strict=True)))


def _at(kind: Any, start: int) -> Decimal:
    """What is to be paid for more tokens than these."""
    found: Decimal = getattr(kind, "base", kind)
    for tier in getattr(kind, "tiers", ()):
        if tier.start <= start and start:
            found = tier.price
    return found
