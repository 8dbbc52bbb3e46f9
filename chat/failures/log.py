"""Failures in the log: the cause first, in one line, and of those that go on one line a minute that says how many.

A traceback is for a fault of ours, and what repeats itself is said once a minute, too.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable

from chat import metrics
from chat.failures.causes import cause_of

REPEAT_SECONDS = 60.0
MOST = 500
"""Kinds of lines that are remembered; past it, the one that was longest ago may be said sooner."""


FAILURE_LOGGED = "failure_is_logged"
"""Of a request, once its failure has been said: what Django says of it then says nothing more."""


class Repeats:
    """Which lines are to be said. By a steady clock: a wall clock that jumps neither hides one nor repeats it."""

    def __init__(self, seconds: float = REPEAT_SECONDS, most: int = MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._said: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()
        """When, and how many have been left out since."""
        self._lock = threading.Lock()

    def take(self, key: Hashable) -> int | None:
        """How many lines of this kind have been left out since the last that was said; None for one to leave out."""
        now = time.monotonic()
        with self._lock:
            at, left_out = self._said.get(key, (0.0, 0))
            if key in self._said and now < at + self._seconds:
                self._said[key] = at, left_out + 1
                return None
            self._said[key] = now, 0
            self._said.move_to_end(key)
            if len(self._said) > self._most:
                self._said.popitem(last=False)
        return left_out

    def clear(self) -> None:
        with self._lock:
            self._said.clear()


_beside = logging.getLogger("chat")
repeats = Repeats()
"""The process's."""


def log_failure(
    logger: logging.Logger, exc: BaseException, consequence: str, *args: object, level: int = logging.ERROR
) -> None:
    """Say that something failed, and what comes of it: `consequence`, a clause with `args` filled in.

    Alike are those of the same cause with the same clause, whatever is filled in.
    """
    cause = cause_of(exc)
    metrics.failures.labels(cause.kind if cause else "fault").inc()
    if cause:
        line = f"%s: {consequence}. %s"
        log_repeated(logger, level, (cause.kind, consequence), line, cause.sentence, *args, cause.advice)
    else:
        begin = consequence[:1].upper() + consequence[1:]
        log_repeated(logger, level, (type(exc), consequence), begin, *args, exc=exc)


def log_waiting(logger: logging.Logger, exc: BaseException, consequence: str, *args: object) -> None:
    """As `log_failure`, for what is tried again by itself: where there is a cause, all of it together."""
    if cause_of(exc):
        log_failure(_beside, exc, "what is done beside requests, such as sweeps, waits", level=logging.WARNING)
    else:
        log_failure(logger, exc, consequence, *args)


def log_repeated(
    logger: logging.Logger, level: int, key: Hashable, line: str, *args: object, exc: BaseException | None = None
) -> None:
    """Say it unless one with the same `key` was said within a minute."""
    if (left_out := repeats.take((logger.name, key))) is None:
        return
    logger.log(level, line + more(left_out), *args, exc_info=exc)


def more(left_out: int) -> str:
    """What is added to a line for those that were left out before it."""
    return f" ({left_out} more like this since it was last said)" if left_out else ""
