"""The head of a whole response as bytes (RFC 9112, sections 4 and 6.2)."""

from collections.abc import Iterable
from functools import lru_cache

from twisted.web.http import NO_BODY_CODES, RESPONSES
from twisted.web.http_headers import Headers

MOST_NAMES = 1_000
"""Of headers, whose form is remembered."""


def head_of(status: int, headers: Iterable[tuple[bytes, bytes]], length: int) -> bytes | None:
    """With the length of the body, in bytes, unless `headers` or the status say it.

    None for a header that would end its line. Raises Twisted's InvalidHeaderName.
    """
    lines = [b"HTTP/1.1 %d %b" % (status, RESPONSES.get(status, b"Unknown Status"))]
    lines += [b"%b: %b" % (_canonical(name), value) for name, value in headers]
    if status not in NO_BODY_CODES and not any(line.startswith(b"Content-Length:") for line in lines):
        lines.append(b"Content-Length: %d" % length)
    head = b"\r\n".join((*lines, b"", b""))
    ends = len(lines) + 1
    return head if head.count(b"\r") == head.count(b"\n") == ends else None


@lru_cache(MOST_NAMES)
def _canonical(name: bytes) -> bytes:
    """As Twisted writes it, who also looks whether it is a name."""
    headers = Headers()
    headers.addRawHeader(name, b"")
    canonical: bytes = next(iter(headers.getAllRawHeaders()))[0]
    return canonical
