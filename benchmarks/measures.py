"""What is measured of a server, in figures by name. docs/performance.md says what each of them means."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from servers import LENGTHS, Request, Server, Wish
from tools import Held, Result, load

Figures = dict[str, float]

ADDED_LIMIT = 100.0
"""Milliseconds that the slowest 1 % of tokens may be late for a server to carry its streams."""
FIRST_LIMIT = 1000.0
"""The same for first tokens."""
MOST_STREAMS = 2400
"""More the tools could not drive from their core."""
OVER = 2.0
"""Seconds in which streams are opened."""


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    streams: Sequence[int] = (100, 500, 1000)
    tokens: int = 300
    """Of an answer, one each 20 ms."""
    requests: int = 200
    fast_tokens: int = 2000
    long_tokens: int = 100_000
    tabs: int = 50
    precision: float = 0.06
    """Of the streams a core; 0: they are not looked for."""


QUICK = Extent(streams=(100, 500), tokens=150, requests=60, fast_tokens=1000, long_tokens=30_000, precision=0)


PARTS = ["one_stream", "requests", "paced_streams", "fast_tokens", "long_answer", "tabs", "most_streams"]
"""Methods of Measuring."""


def measure(server: Server, extent: Extent, parts: Sequence[str] = PARTS) -> Figures:
    """The parts, in their order, of a server that has just started."""
    measuring = Measuring(server, extent)
    measuring.warm_up()
    for part in PARTS:
        if part in parts:
            getattr(measuring, part)()
    return measuring.figures


class Measuring:
    def __init__(self, server: Server, extent: Extent) -> None:
        self.server, self.extent = server, extent
        self.figures: Figures = {}
        self._missing = 0

    def warm_up(self) -> None:
        """Compilers and caches first; what is held then is the memory of a server at rest."""
        self._load("warm-up", self._ask(100, Wish(50)), over=1)
        idle = Held()
        idle.note(self.server.pids)
        self.figures["memory idle"] = idle.memory / 1e6

    def one_stream(self) -> None:
        result = self._load("one stream", self._ask(self.extent.requests // 2, Wish(3, 5000)), at_once=1)
        self._note_first("one", result)

    def requests(self) -> None:
        """Answers of one token, one after the other."""
        result = self._load("requests", self._ask(self.extent.requests, Wish(1)), at_once=1)
        self.figures["request"] = result.request_cost
        for length in LENGTHS:
            asked = [self.server.request(Wish(1), length) for _ in range(30)]
            self.figures[f"request after {length}"] = self._load(f"after {length}", asked, at_once=1).request_cost

    def paced_streams(self) -> None:
        few = self._few()
        for number in self.extent.streams:
            result = self._load(f"{number} streams", self._ask(number, Wish(self.extent.tokens)), over=OVER)
            self._note_first(str(number), result)
            self.figures |= {
                f"token {number}": result.token_cost,
                f"added p50 {number}": result.added("p50"),
                f"added p99 {number}": result.added("p99"),
                f"memory {number}": result.held.memory / 1e6,
                f"memory a stream {number}": (result.held.memory - few.held.memory) / (number - 10) / 1e3,
                f"threads {number}": result.held.threads,
                f"connections {number}": result.held.connections,
            }
        # Last, when pools have grown as far as they do: what many streams held besides, they have given back.
        few = self._few()
        self.figures |= {"threads 10": few.held.threads, "connections 10": few.held.connections}

    def _few(self) -> Result:
        return self._load("10 streams", self._ask(10, Wish(self.extent.tokens // 2)), over=OVER)

    def fast_tokens(self) -> None:
        asked = self._ask(50, Wish(self.extent.fast_tokens, 0))
        self.figures["fast token"] = self._load("fast tokens", asked).token_cost

    def long_answer(self) -> None:
        """A token each 100 microseconds; the last tenth of the answer against the first."""
        result = self._load("a long answer", self._ask(1, Wish(self.extent.long_tokens, 100)))
        if len(result.tenths) == 10 and result.tenths[0]:
            self.figures["long answer"] = result.tenths[-1] / result.tenths[0]

    def tabs(self) -> None:
        """The same request again joins the same answer."""
        if not self.server.stores:
            return
        costs = {}
        for tabs in (1, self.extent.tabs):
            asked = self._ask(1, Wish(500)) * tabs
            tenths = self._load(f"{tabs} tabs", asked, over=0.3).tenths
            costs[tabs] = sum(tenths[2:]) * tabs
        self.figures["tabs"] = costs[self.extent.tabs] / costs[1]

    def most_streams(self) -> None:
        """Double the streams until they are too many, then halve the interval between too many and few enough."""
        if not self.extent.precision:
            return
        carried, too_many, number = 0, 0, 100
        while not too_many or too_many - carried > max(4, carried * self.extent.precision):
            if self._carries(number):
                carried = number
            else:
                too_many = number
            if carried >= MOST_STREAMS:
                break
            number = (carried + too_many) // 2 if too_many else min(number * 2, MOST_STREAMS)
        self.figures["streams"] = carried

    def _carries(self, number: int) -> bool:
        """Once more before it is said to be too many: the machine may have been busy elsewhere."""
        return any(self._is_carried(number) for _ in range(2))

    def _is_carried(self, number: int) -> bool:
        result = self._load(f"does it carry {number}?", self._ask(number, Wish(self.extent.tokens)), over=OVER)
        return not result.missing and result.added("p99") < ADDED_LIMIT and result.first("p99") < FIRST_LIMIT

    def _ask(self, number: int, wish: Wish) -> list[Request]:
        return [self.server.request(wish) for _ in range(number)]

    def _load(self, what: str, requests: Sequence[Request], **how: Any) -> Result:
        result = load(self.server, requests, **how)
        say(f"  {what}: {result}")
        self._missing += result.missing
        self.figures["missing"] = self._missing
        return result

    def _note_first(self, name: str, result: Result) -> None:
        self.figures[f"first p50 {name}"] = result.first("p50")
        self.figures[f"first p99 {name}"] = result.first("p99")


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
