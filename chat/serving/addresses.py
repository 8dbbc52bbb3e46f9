"""The address of a client: that of its connection, or what trusted proxies say.

Each proxy adds the address that it was asked from at the end of `X-Forwarded-For`; what stands before that came from
whoever asked, who can write anything there. So the header is read from its end, and only as far as
`CHAT_TRUSTED_PROXIES` says: over as many proxies as it counts, or as long as it names the one who speaks. Without it
the header is not looked at.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from chat.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

UNKNOWN = "unknown"
"""Of a client whose address nobody has said, as one that asks by a socket file."""
UNIX = "unix"
"""Who asks by a socket file, among the proxies that are trusted."""
MOST_PROXIES = 20
"""That are looked at, of what anybody may send."""
NETWORK_BITS = 64
"""Of an IPv6 address: what follows is for its owner to choose, anew for each request (RFC 4291, section 2.5.1)."""


def client_address(source: "HttpRequest | Mapping[str, Any]") -> str:
    """Who sent this request, or the one with this scope of ASGI: an IP address as text, or UNKNOWN."""
    peer, forwarded = _of_scope(source) if isinstance(source, Mapping) else _of_request(source)
    hops = [*filter(None, map(str.strip, forwarded.rsplit(",", MOST_PROXIES))), peer]
    return str(_parsed(_client(hops, settings.CHAT_TRUSTED_PROXIES)) or UNKNOWN)


def address_key(address: str) -> str:
    """By what an address is counted: one of IPv6 by its network, all of which one client may have."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, NETWORK_BITS), strict=False))
    return str(parsed or UNKNOWN)


def fault_in_proxies(proxies: Any) -> str:
    """What CHAT_TRUSTED_PROXIES cannot be, in words; empty if it can."""
    if isinstance(proxies, int) and not isinstance(proxies, bool):
        return "" if proxies >= 0 else f"is no number of proxies: {proxies}"
    if not isinstance(proxies, list | tuple | set):
        return f"is neither a number of proxies nor a list of their addresses: {proxies!r}"
    for name in proxies:
        try:
            trusts_all = name != UNIX and ip_network(_text_of(name), strict=False).prefixlen == 0
        except ValueError:
            return f"names what is no address or network of a proxy: {name!r}"
        if trusts_all:
            return f"trusts everybody, who may then say any address: {name!r}"
    return ""


def _text_of(name: Any) -> str:
    """A number would be an address, too, for ipaddress."""
    if not isinstance(name, str):
        raise ValueError
    return name


def _of_request(request: "HttpRequest") -> tuple[str, str]:
    return request.META.get("REMOTE_ADDR") or "", request.META.get("HTTP_X_FORWARDED_FOR", "")


def _of_scope(scope: Mapping[str, Any]) -> tuple[str, str]:
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return (scope.get("client") or [""])[0] or "", ",".join(forwarded)


def _client(hops: list[str], proxies: Any) -> str:
    """The first of these whom no trusted proxy speaks for, from the end."""
    if isinstance(proxies, int):
        return hops[-min(proxies + 1, len(hops))]
    if not proxies:
        return hops[-1]
    names = tuple(proxies)
    return next((hop for hop in reversed(hops) if not _is_one_of(hop, names)), hops[0])


def _is_one_of(hop: str, names: tuple[str, ...]) -> bool:
    if not hop:
        return UNIX in names
    address = _parsed(hop)
    return address is not None and any(address in network for network in _networks(names))


@lru_cache(maxsize=4)
def _networks(names: tuple[str, ...]) -> list[Any]:
    return [ip_network(name, strict=False) for name in names if name != UNIX]


def _parsed(hop: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: with a port (`1.2.3.4:5`, `[::1]:5`) or a zone; IPv4 within IPv6 as IPv4."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        address = ip_address(hop.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
