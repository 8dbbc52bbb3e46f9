"""What the process counts, for Prometheus: at CHAT_METRICS_PATH, for whoever bears CHAT_METRICS_TOKEN.

As a bearer token (RFC 6750, section 2.1), before anything else is looked at: Prometheus asks each process by its own
address. From the first time on it is measured, too, how late the event loop is.
"""

import asyncio
import contextvars
from collections.abc import Iterable

from django.http import HttpResponse
from django.utils.crypto import constant_time_compare

from chat import metrics
from chat.conf import settings

LOOK_SECONDS = 1.0

_measuring: list[asyncio.Task[None]] = []


def metrics_answer(path: str, headers: Iterable[tuple[bytes, bytes]]) -> HttpResponse | None:
    """What answers a request at this path; None if it is not about metrics, or nobody is to find them."""
    if not settings.CHAT_METRICS_TOKEN or path != settings.CHAT_METRICS_PATH:
        return None
    said = {name.lower(): value.decode("latin-1") for name, value in headers}
    if not constant_time_compare(said.get(b"authorization", ""), f"Bearer {settings.CHAT_METRICS_TOKEN}"):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    if not metrics.registry:
        return HttpResponse("The package prometheus-client is not installed.", status=503, content_type="text/plain")
    _measure_lag()
    body, content_type = metrics.exposition(said.get(b"accept", ""))
    return HttpResponse(body, content_type=content_type, headers={"Cache-Control": "no-store"})


def _measure_lag() -> None:
    loop = asyncio.get_running_loop()
    if not _measuring or _measuring[0].get_loop() is not loop:
        # In a context of its own: that of a request would keep the request's thread.
        _measuring[:] = [loop.create_task(_look_for_ever(), context=contextvars.Context())]


async def _look_for_ever() -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + LOOK_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        metrics.lag.observe(max(0.0, clock() - due))
