"""Which addresses are refused, for how long, and that what is known of them is bounded."""

import time

import pytest
from django.test import RequestFactory

from chat.serving import refused_addresses
from chat.serving.refused_addresses import refuse_address, seconds_refused


@pytest.fixture(autouse=True)
def until(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], float]:
    known: dict[tuple[str, str], float] = {}
    monkeypatch.setattr(refused_addresses, "_until", known)
    return known


def refuse(address: str, seconds: float) -> None:
    refuse_address(RequestFactory().post("/login/?next=/", REMOTE_ADDR=address), seconds)


def test_an_address_is_refused_for_as_long_as_it_was_said_and_there_alone() -> None:
    refuse("203.0.113.5", 59.5)
    assert seconds_refused("203.0.113.5", "/login/") == 60
    assert seconds_refused("203.0.113.5", "/signup/") == 0
    assert seconds_refused("203.0.113.6", "/login/") == 0


def test_an_address_of_ipv6_is_all_of_its_network() -> None:
    refuse("2001:db8::7", 10)
    assert seconds_refused("2001:db8::/64", "/login/") == 10


def test_what_is_over_is_forgotten(until: dict[tuple[str, str], float]) -> None:
    refuse("203.0.113.5", 10)
    until["203.0.113.5", "/login/"] = time.monotonic()
    assert seconds_refused("203.0.113.5", "/login/") == 0
    assert not until


def test_no_more_are_known_than_so_many(until: dict[tuple[str, str], float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_addresses, "MOST", 3)
    for number in range(10):
        refuse(f"203.0.113.{number}", 10)
        assert len(until) <= 3
    assert seconds_refused("203.0.113.9", "/login/")
