"""What many streams would take, by what one takes (units.py): the sums of the planning page in docs/performance.md."""

import math
from dataclasses import dataclass
from typing import Any

STREAMS = (300, 1_000, 10_000, 100_000)
ANSWER_SECONDS = 10
"""How long an answer is written, with units.py's 50 tokens a second."""
ELSEWHERE = 0.1
"""Of the replies are followed at another process than theirs: by a page that was loaded anew, by a second tab."""
PAGES = 60
"""That are open for each answer that is being written (docs/deploy.md, Sizing)."""
BUSY = 0.65
"""Of a core; above it all wait for all."""
TICKS = 20
"""A second, of a process that has much to do: it tells of news and of hints once in each."""
HINTS = 2
"""Of each answer, to all processes: that it has begun, and that it has ended."""
CONNECTIONS = 20
"""Of a process to the database, at most."""
PAGE_CPU = 12.0
"""Of a page that is open, in microseconds a second."""
PAGE_BYTES = 45_000
PROCESS_BYTES = 180_000_000
"""With CHAT_FRAGMENT_BYTES."""
STREAM_BYTES = 80_000


@dataclass(frozen=True)
class Costs:
    """CPU in microseconds, sizes in bytes; "second" is one of an answer, "question" its question and its ending."""

    second: float
    question: float
    database_second: float
    database_question: float
    rows_second: float
    rows_question: float
    log_second: float
    log_question: float
    transactions_question: float
    published: float
    """A message, of Redis; to one more process; of the process that hears it, and for each hint in it."""
    delivered: float
    heard: float
    heard_hint: float


@dataclass(frozen=True)
class Plan:
    """Figures are of a second, CPU is in cores, sizes are in bytes."""

    streams: int
    questions: float
    pages: int
    processes: int
    memory: float
    database: float
    transactions: float
    rows: float
    log: float
    connections: int
    messages: float
    deliveries: float
    redis: float
    hearing: float
    """Share of each process's core that goes into what all others tell it."""


def plan(streams: int, costs: Costs) -> Plan:
    """As many processes as keep their cores below BUSY, if they had not to hear of each other."""
    questions, pages = streams / ANSWER_SECONDS, streams * PAGES
    cpu = streams * costs.second + questions * costs.question + pages * PAGE_CPU
    processes = max(1, math.ceil(cpu / 1e6 / BUSY))
    news, hints = news_messages(processes, streams), hint_messages(processes, questions)
    heard = hints * costs.heard + HINTS * questions * costs.heard_hint if processes > 1 else 0.0
    published, deliveries = news + hints, news + hints * processes
    return Plan(
        streams=streams,
        questions=questions,
        pages=pages,
        processes=processes,
        memory=processes * PROCESS_BYTES + streams * STREAM_BYTES + pages * PAGE_BYTES,
        database=(streams * costs.database_second + questions * costs.database_question) / 1e6,
        # What all answers of a process have grown to is one transaction a second.
        transactions=processes + questions * costs.transactions_question,
        rows=streams * costs.rows_second + questions * costs.rows_question,
        log=streams * costs.log_second + questions * costs.log_question,
        connections=processes * CONNECTIONS,
        messages=published,
        deliveries=deliveries,
        redis=(published * costs.published + (deliveries - published) * costs.delivered) / 1e6,
        hearing=heard / 1e6,
    )


def news_messages(processes: int, streams: int) -> float:
    """A second: one a tick from each process to each that follows something of it, by chance."""
    pairs = processes * (processes - 1)
    return TICKS * pairs * (1 - math.exp(-streams * ELSEWHERE / pairs)) if pairs else 0.0


def hint_messages(processes: int, questions: float) -> float:
    """A second, each to all: from each process one a tick, if answers of its have begun or ended in it."""
    per_tick = HINTS * questions / processes / TICKS
    return TICKS * processes * (1 - math.exp(-per_tick)) if processes > 1 else 0.0


def costs_of(found: dict[str, Any]) -> Costs:
    """As units.py found them on PostgreSQL."""
    question, second = found["answers"]["a question"], found["answers"]["a second"]
    return Costs(
        second=second["site"] * 1000,
        question=question["site"] * 1000,
        database_second=second["database"] * 1000,
        database_question=question["database"] * 1000,
        rows_second=second["rows"],
        rows_question=question["rows"],
        log_second=second["log"],
        log_question=question["log"],
        transactions_question=question["transactions"],
        published=found["messages"]["200"],
        delivered=found["messages"]["delivered"],
        heard=found["hints"]["message"],
        heard_hint=found["hints"]["hint"],
    )


LINES = {
    "questions": "questions a second",
    "pages": "open pages",
    "processes": "processes of the site, each on a core",
    "memory": "their memory, GB",
    "database": "PostgreSQL: cores",
    "transactions": "transactions a second",
    "rows": "rows written a second",
    "log": "its log, MB a second",
    "connections": "its connections, at most",
    "messages": "Redis: messages a second",
    "deliveries": "of them to somebody, as hints go to all",
    "redis": "cores",
    "hearing": "of each process's core, to hear the hints of all",
}
UNITS = {"memory": 1e9, "log": 1e6}


def lines_of(costs: Costs) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table."""
    plans = [plan(streams, costs) for streams in STREAMS]
    head = ["answers being written at once", *(f"{each.streams:,}" for each in plans)]
    return head, [[words, *(_cell(name, getattr(each, name)) for each in plans)] for name, words in LINES.items()]


def _cell(name: str, value: float) -> str:
    if name == "hearing":
        return f"{value:.1%}"
    value /= UNITS.get(name, 1)
    return f"{value:,.2f}" if value < 10 and not value.is_integer() else f"{value:,.0f}"
