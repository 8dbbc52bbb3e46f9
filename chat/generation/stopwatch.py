"""How long something went on that comes and goes."""

from collections.abc import Callable
from time import monotonic


class Stopwatch:
    """Adds up the times between `start` and `stop`. By a clock that nobody sets back."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._past = 0.0
        self._since: float | None = None

    def start(self) -> None:
        """Go on, if it does not run already."""
        if self._since is None:
            self._since = self._clock()

    def stop(self) -> None:
        self._past = self.seconds
        self._since = None

    @property
    def seconds(self) -> float:
        return self._past + (0.0 if self._since is None else self._clock() - self._since)
