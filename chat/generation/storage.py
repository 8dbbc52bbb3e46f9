"""Whether answers can be stored: said to who reads them, and to who runs the site.

A database that is away, full or read-only is waited for. Until then an answer is in memory alone, goes on there, and
is stored once that is possible; what is lost if the process ends before is said in its log.
"""

import logging
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Protocol

from chat.failures import log_failure, log_repeated
from chat.i18n import gettext_noop as _
from chat.live.exchange import LiveReply
from chat.models import Generation

logger = logging.getLogger(__name__)

WAITING = _(
    "This answer cannot be stored just now. It goes on here, and is stored as soon as that is possible; "
    "until then do not rely on it, and copy what you need."
)
NAMED = 3
"""Generations that a line names which is said again and again."""
LOST = 50
"""Generations that the last line names."""


class Unstored(Protocol):
    """An answer, and how much of it is stored."""

    generation: Generation
    live: LiveReply
    stored_position: int

    @property
    def id(self) -> uuid.UUID: ...


class Storage:
    """Of the answers of a process."""

    def __init__(self) -> None:
        self._since: float | None = None
        """When storing began to fail."""

    def fails(self, exc: BaseException, runs: Sequence[Unstored]) -> None:
        self._since = self._since or time.monotonic()
        for run in runs:
            run.live.wait_for_storage(WAITING)
        answers = "1 answer is" if len(runs) == 1 else f"{len(runs)} answers are"
        line = "%s kept in memory until that can be stored, and lost if the process ends before (%s)"
        log_failure(logger, exc, line, answers, _named(runs, NAMED))

    def works(self, runs: Iterable[Unstored], *, is_proven: bool = True) -> None:
        """All of these is stored. `is_proven`: something just was; else there was nothing to be stored, which says
        nothing of whether that is possible again.
        """
        for run in runs:
            run.live.wait_for_storage("")
        if self._since and is_proven:
            seconds = time.monotonic() - self._since
            log_repeated(logger, logging.WARNING, "again", "Answers are stored again, after %.0f s", seconds)
            self._since = None

    def ends(self, runs: Iterable[Unstored]) -> None:
        """The process does, and waits no longer."""
        if lost := [run for run in runs if _unstored(run)]:
            line = "The process ends before all could be stored: %s characters are lost (%s)"
            logger.error(line, sum(map(_unstored, lost)), _named(lost, LOST))


def _named(runs: Sequence[Unstored], most: int) -> str:
    """By generation and provider, and how many characters of each are stored nowhere."""
    named = [f"{run.id} of {run.generation.provider}: {_unstored(run)} characters" for run in runs[:most]]
    rest = [f"and {len(runs) - most} more"] if len(runs) > most else []
    return ", ".join(named + rest)


def _unstored(run: Unstored) -> int:
    return run.live.reply.position - run.stored_position
