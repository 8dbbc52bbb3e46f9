"""Compression of what is made anew each time (RFC 1952). A middleware would compress streams, too (chat.W004)."""

import gzip
import re
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

try:
    from isal import igzip

    quickest: Callable[..., bytes] = igzip.compress
except ImportError:  # it is not needed, nor built for each machine
    quickest = gzip.compress

LEAST_BYTES = 200
MOST_RANDOM_BYTES = 100

_ACCEPTED = re.compile(r"\bgzip\b")


def quick(content: bytes) -> bytes:
    """For a page: half of the time that Django's level takes, with isal a tenth, and an eighth more to send."""
    return quickest(content, 1, mtime=0)


def small(content: bytes) -> bytes:
    """For what browsers keep."""
    return gzip.compress(content, 6, mtime=0)


def compressed(
    request: HttpRequest, response: HttpResponse, compress: Callable[[bytes], bytes] = quick
) -> HttpResponse:
    """If the browser takes that, and it helps. As Django's GZipMiddleware does it, which knows one level."""
    content = response.content
    if len(content) < LEAST_BYTES or response.has_header("Content-Encoding"):
        return response
    patch_vary_headers(response, ("Accept-Encoding",))
    if not _ACCEPTED.search(request.META.get("HTTP_ACCEPT_ENCODING", "")):
        return response
    packed = _packed(content, compress)
    if len(packed) < len(content):
        response.content = packed
        response.headers["Content-Encoding"] = "gzip"
    return response


def _packed(content: bytes, compress: Callable[[bytes], bytes]) -> bytes:
    """With a file's name of some length, another one each time.

    So its length says little of what is in it (http://breachattack.com, "length hiding").
    """
    packed = compress(content)
    name = b"a" * secrets.randbelow(MOST_RANDOM_BYTES) + b"\0"
    return b"".join((packed[:3], bytes([gzip.FNAME]), packed[4:10], name, packed[10:]))
