"""Whose address counts, with and without proxies that are trusted."""

from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.test import override_settings

from chat.serving.addresses import address_key, client_address, fault_in_proxies
from chat.serving.checks import check_addresses

NGINX = "127.0.0.1"
CASES: list[tuple[Any, str | None, list[str], str]] = [
    # What is trusted, who is connected, what the header says, whose request it is.
    ([], "203.0.113.5", [], "203.0.113.5"),
    ([], "203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
    ([], None, ["198.51.100.1"], "unknown"),
    ([], "", [], "unknown"),
    (0, "203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
    # So many of them
    (1, NGINX, ["203.0.113.5"], "203.0.113.5"),
    (1, NGINX, ["198.51.100.1, 203.0.113.5"], "203.0.113.5"),
    (1, NGINX, ["198.51.100.1", "203.0.113.5"], "203.0.113.5"),
    (1, NGINX, [], NGINX),
    (1, NGINX, [" , ,"], NGINX),
    (1, None, ["203.0.113.5"], "203.0.113.5"),
    (1, NGINX, ["203.0.113.5, unknown"], "unknown"),
    (2, NGINX, ["198.51.100.1, 203.0.113.5, 10.0.0.2"], "203.0.113.5"),
    (2, NGINX, ["203.0.113.5"], "203.0.113.5"),
    # These
    ([NGINX], NGINX, ["198.51.100.1, 203.0.113.5"], "203.0.113.5"),
    ([NGINX], "203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
    ([NGINX], NGINX, [], NGINX),
    ([NGINX], None, ["203.0.113.5"], "unknown"),
    ([NGINX, "10.0.0.0/24"], NGINX, ["198.51.100.1, 203.0.113.5, 10.0.0.2"], "203.0.113.5"),
    ([NGINX, "10.0.0.0/24"], NGINX, ["10.0.0.7, 10.0.0.2"], "10.0.0.7"),
    ([NGINX], NGINX, ["203.0.113.5, nonsense"], "unknown"),
    (["unix"], None, ["203.0.113.5"], "203.0.113.5"),
    (["unix"], NGINX, ["203.0.113.5"], NGINX),
    (["::1"], "::1", ["2001:db8::7"], "2001:db8::7"),
    ([NGINX], "::ffff:127.0.0.1", ["203.0.113.5"], "203.0.113.5"),
    # As proxies write them
    (1, NGINX, ["203.0.113.5:4711"], "203.0.113.5"),
    (1, NGINX, ["[2001:db8::7]:4711"], "2001:db8::7"),
    (1, NGINX, ["[2001:db8::7]"], "2001:db8::7"),
    (1, NGINX, ["2001:DB8:0::7"], "2001:db8::7"),
    (1, NGINX, ["::ffff:203.0.113.5"], "203.0.113.5"),
    (1, NGINX, ["fe80::7%eth0"], "fe80::7"),
    (1, NGINX, ["_hidden"], "unknown"),
    (1, NGINX, ["203.0.113.5 203.0.113.6"], "unknown"),
    (1, NGINX, ["٢٠٣.0.113.5".encode().decode("latin-1")], "unknown"),
    (1, NGINX, ["[", "["], "unknown"),
    (1, NGINX, ["127.0.0.1," * 5000 + "203.0.113.5"], "203.0.113.5"),
    ([NGINX], NGINX, ["203.0.113.5," + ",".join(["127.0.0.1"] * 19)], "203.0.113.5"),
    ([NGINX], NGINX, ["203.0.113.5," + ",".join(["127.0.0.1"] * 5000)], "unknown"),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{trusted} {peer} {said!r:.50}" for trusted, peer, said, _ in CASES])
def test_a_clients_address(case: tuple[Any, str | None, list[str], str]) -> None:
    trusted, peer, said, expected = case
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in said]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    scope["client"] = None if peer is None else [peer, 4711]
    with override_settings(CHAT_TRUSTED_PROXIES=trusted):
        assert client_address(scope) == expected
        assert client_address(ASGIRequest(scope, None)) == expected


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:0:1:aaaa::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:bbbb::8", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::7", "2001:db8:0:2::/64"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("unknown", "unknown"),
    ],
)
def test_by_what_an_address_is_counted(address: str, key: str) -> None:
    assert address_key(address) == key


PROXIES: list[tuple[Any, str]] = [
    (-1, "is no number of proxies"),
    (True, "is neither a number of proxies nor a list"),
    ("127.0.0.1", "is neither a number of proxies nor a list"),
    (None, "is neither a number of proxies nor a list"),
    (["127.0.0.1", "nginx"], "no address or network of a proxy: 'nginx'"),
    ([1], "no address or network of a proxy: 1"),
    (["10.0.0.0/33"], "no address or network"),
    (["0.0.0.0/0"], "trusts everybody"),
    (["::/0"], "trusts everybody"),
    (["127.0.0.1", "10.0.0.7/24", "fd00::/8", "unix"], ""),
    (("::1",), ""),
    ([], ""),
    (0, ""),
    (2, ""),
]


@pytest.mark.parametrize(("proxies", "words"), PROXIES)
def test_what_cannot_be_trusted_is_said(proxies: Any, words: str) -> None:
    assert words in fault_in_proxies(proxies)
    assert bool(words) == bool(fault_in_proxies(proxies))
    with override_settings(CHAT_TRUSTED_PROXIES=proxies):
        assert [each.id for each in check_addresses(None)] == (["chat.E005"] if words else [])
