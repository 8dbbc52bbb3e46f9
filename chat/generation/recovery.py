"""The sweep: generations whose process is gone are marked interrupted, by whichever process notices."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from chat import metrics
from chat.core.process import process_name
from chat.failures import log_waiting
from chat.generation.finishing import interrupt
from chat.live import hints
from chat.models import Generation
from chat.models.generation import LEASE
from chat.models.threads import writers

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
UNCHANGED_SECONDS = 4.5
"""A lease that ran out by the wall clock counts as lapsed once it was seen unchanged this long: twice in two sweeps,
and longer than a process takes to renew it. A wall clock that jumps forward must not end what others are writing."""


def start_sweeping(alive: Callable[[], Iterable[uuid.UUID]]) -> None:
    """Sweep now and every few seconds. `alive`: what this process runs itself.

    A thread says when, because ASGI servers need not announce their start (daphne does not) and a process that nobody
    talks to must sweep as well.
    """
    threading.Thread(target=_sweep_for_ever, args=[alive], name="chat-sweep", daemon=True).start()


def _sweep_for_ever(alive: Callable[[], Iterable[uuid.UUID]]) -> None:
    watch = LeaseWatch()
    while True:
        try:
            writers.wait(partial(_sweep, watch, alive))
        except Exception as exc:
            log_waiting(logger, exc, "generations whose process is gone are not looked for")
        time.sleep(SWEEP_SECONDS)


def _sweep(watch: "LeaseWatch", alive: Callable[[], Iterable[uuid.UUID]]) -> None:
    running, lapsed, processes = Generation.objects.leases()
    if processes - {"", process_name()}:
        hints.saw_others()
    gone = watch.gone(running, lapsed) - set(alive())
    if gone and (count := interrupt(gone)):
        metrics.swept.inc(count)
        logger.warning("Marked %s generations as interrupted: their process is gone", count)


class LeaseWatch:
    """Tells which leases nobody renews, by a steady clock of our own: a wall clock may be set back or forward."""

    def __init__(self) -> None:
        self._seen: dict[uuid.UUID, tuple[datetime | None, float]] = {}

    def gone(self, leases: dict[uuid.UUID, datetime | None], lapsed: Iterable[uuid.UUID] = ()) -> set[uuid.UUID]:
        """Those of `leases` that have stayed the same for the time of a lease; for less if they are among `lapsed`."""
        now = time.monotonic()
        for pk, lease in leases.items():
            if pk not in self._seen or self._seen[pk][0] != lease:
                self._seen[pk] = lease, now
        self._seen = {pk: seen for pk, seen in self._seen.items() if pk in leases}
        unchanged = {pk: now - since for pk, (_, since) in self._seen.items()}
        return {pk for pk, seconds in unchanged.items() if seconds > LEASE.total_seconds()} | {
            pk for pk in lapsed if unchanged.get(pk, 0) > UNCHANGED_SECONDS
        }
