"""The head of a response as bytes (RFC 9112, section 4)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from twisted.web.http import RESPONSES
from twisted.web.http_headers import Headers

MOST_NAMES = 1_000
"""Of headers, whose form is remembered."""


def head_of(status: int, headers: Iterable[tuple[bytes, bytes]], defaults: Mapping[bytes, bytes]) -> bytes | None:
    """With those of the defaults that `headers` do not say. None for a header that would end its line.

    Raises Twisted's InvalidHeaderName.
    """
    said = [(_canonical(name), value) for name, value in headers]
    names = {name for name, _ in said}
    said += [(name, value) for name, value in defaults.items() if name not in names]
    first = b"HTTP/1.1 %d %b" % (status, RESPONSES.get(status, b"Unknown Status"))
    head = b"\r\n".join((first, *[b"%b: %b" % header for header in said], b"", b""))
    ends = len(said) + 2
    return head if head.count(b"\r") == head.count(b"\n") == ends else None


@lru_cache(MOST_NAMES)
def _canonical(name: bytes) -> bytes:
    """As Twisted writes it, who also looks whether it is a name."""
    headers = Headers()
    headers.addRawHeader(name, b"")
    canonical: bytes = next(iter(headers.getAllRawHeaders()))[0]
    return canonical
