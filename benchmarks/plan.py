"""What many streams would take, by what one takes (units.py): the sums of the planning page in docs/performance.md."""

import math
from dataclasses import dataclass

STREAMS = (1_000, 10_000, 100_000)
ANSWER_SECONDS = 10
"""How long an answer is written, at units.py's tokens a second."""
ELSEWHERE = 0.1
"""Of the replies are followed at another process than theirs: a page that was loaded anew, a second tab."""
PAGES = 60
"""That are open for each answer that is being written (docs/deploy.md, Sizing)."""
BUSY = 0.65
"""Of a core; above it all wait for all."""
TICKS = 20
"""A second, of a process that has much to do (chat/live/exchange/tick.py)."""
CONNECTIONS = 20
"""Of a process to the database, at most."""


@dataclass(frozen=True)
class Costs:
    """CPU in microseconds, sizes in bytes."""

    second: float
    """Of the site, for a second of an answer."""
    question: float
    page: float
    """That is open, a second."""
    database_second: float
    database_question: float
    log_second: float
    log_question: float
    rows_second: float
    rows_question: float
    published: float
    """A message, of Redis."""
    delivered: float
    """The same to one more process."""
    heard: float
    """A message of hints, of the process that hears it."""
    process_bytes: float
    stream_bytes: float
    page_bytes: float


@dataclass(frozen=True)
class Plan:
    """Figures a second, CPU in cores."""

    streams: int
    processes: int
    questions: float
    site: float
    database: float
    transactions: float
    rows: float
    log: float
    connections: int
    messages: float
    deliveries: float
    redis: float
    hearing: float
    """Share of each process's core that goes into hearing the hints of all others."""
    memory: float


def plan(streams: int, costs: Costs) -> Plan:
    """As many processes as keep each core below BUSY; what each hears of all others makes them more."""
    questions, pages = streams / ANSWER_SECONDS, streams * PAGES
    alone = (streams * costs.second + questions * costs.question + pages * costs.page) / 1e6
    processes = max(1, math.ceil(alone / BUSY))
    for _ in range(20):
        hints = notes(processes, questions)
        hearing = hints * costs.heard / 1e6 if processes > 1 else 0.0
        needed = math.ceil(alone / (BUSY - hearing)) if hearing < BUSY else processes
        if needed == processes:
            break
        processes = needed
    news = messages(processes, streams)
    hints = notes(processes, questions)
    published, deliveries = news + hints, news + hints * processes
    return Plan(
        streams=streams,
        processes=processes,
        questions=questions,
        site=alone + hearing * processes,
        database=(streams * costs.database_second + questions * costs.database_question) / 1e6,
        transactions=processes + 3 * questions,
        rows=streams * costs.rows_second + questions * costs.rows_question,
        log=streams * costs.log_second + questions * costs.log_question,
        connections=processes * CONNECTIONS,
        messages=published,
        deliveries=deliveries,
        redis=(published * costs.published + (deliveries - published) * costs.delivered) / 1e6,
        hearing=hearing,
        memory=processes * costs.process_bytes + streams * costs.stream_bytes + pages * costs.page_bytes,
    )


def messages(processes: int, streams: int) -> float:
    """News a second: one a tick from each process to each that follows something of it, by chance."""
    pairs = processes * (processes - 1)
    if not pairs:
        return 0.0
    return TICKS * pairs * (1 - math.exp(-streams * ELSEWHERE / pairs))


def notes(processes: int, questions: float) -> float:
    """Messages of hints a second, each to all: each process sends at most one a tick, of all its answers that have
    begun or ended."""
    if processes == 1:
        return 0.0
    return TICKS * processes * (1 - math.exp(-2 * questions / processes / TICKS))
