"""What a model costs: by staff, by the list, or unknown."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chat.core.tokens import NO_TOKENS, Tokens
from chat.models import ModelPrice
from chat.models.price import MOST_PRICE
from chat.usage.checks import check_currency
from chat.usage.prices import BILLIONTHS, MOST_COST, Price, Rates, forget_prices, price_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
MILLION = Tokens(input=1_000_000, cached=400_000, output=1_000_000)


@pytest.fixture(autouse=True)
def _anew(settings: Any) -> Iterator[None]:
    settings.OPENAI_BASE_URL, settings.CHAT_MODELS = "https://api.openai.com/v1", ["gpt-4o-mini", "nobody-knows-it"]
    settings.TIME_ZONE = "Europe/Berlin"
    forget_prices()
    yield
    forget_prices()


def say(since: date, amount: object, output: object = 0, **further: Any) -> None:
    values: dict[str, Any] = {"currency": "USD", "provider": "default", "model": "gpt-4o-mini"} | further
    ModelPrice.objects.create(since=since, input=amount, output=output, **values)
    forget_prices()


def cost(at: datetime = NOON, model: str = "gpt-4o-mini", tokens: Tokens = MILLION) -> int | None:
    price = price_of("default", model, at)
    return None if price is None else price.cost(tokens)


def test_the_list_knows_what_its_service_takes() -> None:
    """0.15 $ a million tokens of prompts, half of that for those of the cache, and 0.6 $ for those of answers."""
    assert cost() == int((0.6 * 0.15 + 0.4 * 0.075 + 0.6) * BILLIONTHS)


def test_a_long_prompt_costs_more_by_its_own_length_and_not_by_that_of_all_rounds() -> None:
    rates, more = (Rates(Decimal(each), Decimal(each), Decimal(0)) for each in (1, 2))
    price, short, long = Price(rates, ((200_000, more),)), Tokens(200_000), Tokens(200_001)
    assert price.cost(short) == 200_000 * 1000
    assert price.cost(NO_TOKENS + short + short) == 400_000 * 1000
    assert price.cost(short + long) == 200_000 * 1000 + 200_001 * 2000


def test_one_token_costs_more_than_nothing() -> None:
    assert cost(tokens=Tokens(input=1)) == 150


def test_what_nobody_knows_is_unknown_and_not_nothing() -> None:
    assert cost(model="nobody-knows-it") is None
    assert cost(model="no such model") is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/v1", "http://llm/v1", "http://[::1]/v1"])
def test_the_list_says_nothing_of_a_service_of_ones_own(address: str, settings: Any) -> None:
    settings.OPENAI_BASE_URL = address
    assert cost() is None


def test_another_currency_takes_its_rate(settings: Any) -> None:
    dollars = cost()
    settings.CHAT_CURRENCY = "EUR"
    assert cost() is None
    settings.CHAT_CURRENCY_RATE = 0.5
    assert dollars
    assert cost() == dollars // 2


def test_staff_come_first_from_their_day_on() -> None:
    """A day begins when it does in TIME_ZONE."""
    listed = cost()
    say(date(2026, 12, 1), 2, 3)
    midnight = datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert cost(midnight - timedelta(seconds=1)) == listed
    assert cost(midnight) == (2 + 3) * BILLIONTHS
    say(date(2026, 12, 2), 4, 3, cached=1)
    assert cost(midnight) == (2 + 3) * BILLIONTHS
    assert cost(midnight + timedelta(days=1)) == int((0.6 * 4 + 0.4 + 3) * BILLIONTHS)


def test_a_price_may_be_nothing() -> None:
    say(date(2026, 1, 1), 0)
    assert cost() == 0


def test_a_price_may_be_enormous() -> None:
    """And what no column takes is the most that one does."""
    say(date(2026, 1, 1), MOST_PRICE, MOST_PRICE)
    assert cost(tokens=Tokens(input=1)) == MOST_PRICE * 1000
    assert cost(tokens=Tokens(input=100_000_000, output=100_000_000)) == MOST_COST < 2**63


def test_staffs_price_of_a_model_that_is_not_in_the_settings_counts() -> None:
    say(date(2026, 1, 1), Decimal("0.000001"), model="gone")
    assert cost(model="gone") == 1000


def test_a_price_in_a_currency_of_before_needs_a_rate(settings: Any) -> None:
    say(date(2026, 1, 1), 1)
    settings.CHAT_CURRENCY = "EUR"
    assert cost() is None
    settings.CHAT_CURRENCY_RATE = 2
    assert cost() == 2 * BILLIONTHS


def test_a_check_warns_of_a_list_of_which_no_price_counts(settings: Any) -> None:
    assert check_currency(None) == []
    settings.CHAT_CURRENCY = "EUR"
    assert [each.id for each in check_currency(None)] == ["chat.W068"]
    settings.CHAT_CURRENCY_RATE = Decimal("0.92")
    assert check_currency(None) == []


def test_a_price_that_cannot_be_read_brings_none_of_before_back() -> None:
    """As where a site went from dollars to euros, and back again without a rate."""
    say(date(2026, 1, 1), 1, model="nobody-knows-it")
    assert cost(model="nobody-knows-it") == BILLIONTHS
    say(date(2026, 2, 1), 7, model="nobody-knows-it", currency="EUR")
    assert cost(model="nobody-knows-it") is None
