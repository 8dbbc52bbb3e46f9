"""Addresses that are over a limit of the project's, refused before they wait for a thread (account_threads.py).

What counts attempts is the project's, and asks a database. Once it has refused an address, it says so here, and what
is posted from there to the same path is answered with a 429 until that is over, without a thread or a query. This
process alone knows it, and may forget it: then the project refuses once more.
"""

import math
import time

from django.http import HttpRequest

from chat.serving.addresses import address_key, client_address

MOST = 10_000
"""That are known at once."""

_until: dict[tuple[str, str], float] = {}
"""By address and path, when the address may come again."""


def refuse_address(request: HttpRequest, seconds: float) -> None:
    """What is posted as this was, from the same address, for as long. May be called in any thread."""
    if len(_until) >= MOST:
        _until.clear()
    _until[address_key(client_address(request)), request.path_info] = time.monotonic() + seconds


def seconds_refused(address: str, path: str) -> int:
    """How long that is still to be, by an address as it is counted; 0: it may come."""
    if not (until := _until.get((address, path))):
        return 0
    if (left := until - time.monotonic()) > 0:
        return math.ceil(left)
    _until.pop((address, path), None)
    return 0
