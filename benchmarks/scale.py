"""What several processes carry: streams, pages that are open, people of a working day."""

import argparse
import asyncio
from typing import Any

import idle
import workday
from measures import ADDED_LIMIT, FIRST_LIMIT, OVER
from servers import Wish
from several import Several, shares
from tools import Result, load

STREAMS = 200
"""Where the search begins."""
PRECISION = 0.12
WARM_STREAMS = 60
FEW_PAGES = 20
SETTLE_SECONDS = 10.0

Figures = dict[str, Any]


def most_streams(several: Several, processes: int, options: argparse.Namespace) -> Figures:
    """Of which so many are carried, and how those are: as in measures.py, but that all share the cores."""
    tokens = 150 if options.quick else 300
    with several.running(processes):
        load(several, [several.request(Wish(30)) for _ in range(WARM_STREAMS)], over=1)
        best: Figures = {"streams": 0, "processes": processes}
        number, too_many = STREAMS, 0
        while not too_many or too_many - best["streams"] > too_many * PRECISION:
            figures = next((found for _ in range(2) if (found := carried(several, number, tokens))), None)
            best, too_many = (figures | {"processes": processes}, too_many) if figures else (best, number)
            number = (best["streams"] + too_many) // 2 if too_many else number * 2
            if options.quick and best["streams"]:
                break
    return best


def carried(several: Several, number: int, tokens: int) -> Figures | None:
    """None if these are too many: who is said to be so is asked once more, for the machine may have been busy."""
    asked = [several.request(Wish(tokens)) for _ in range(number)]
    with several.spending() as spent:
        result = load(several, asked, over=OVER)
    print(f"  {len(several.processes)} processes, {number} streams: {result}", flush=True)
    is_carried = not result.missing and result.added("p99") < ADDED_LIMIT and result.first("p99") < FIRST_LIMIT
    return as_figures(result) | {"shares": shares(spent)} if is_carried else None


def as_figures(result: Result) -> Figures:
    return {
        "streams": result.streams,
        "first": result.first_ms,
        "added": result.added_ms,
        "a token": result.token_cost,
        "memory": result.held.memory,
    }


async def idle_pages(several: Several, number: int, seconds: float) -> Figures:
    """What so many streams of hints take, evenly at all processes, each of a login of its own."""
    ports = [process.port for process in several.processes]
    sessions = [person.session for person in several.filled[: number + FEW_PAGES]]
    heard, streams = idle.Heard(), []
    for at in range(0, len(sessions), FEW_PAGES):
        if at == FEW_PAGES:
            before = sum(map(idle.resident_kb, several.pids))
        some = enumerate(sessions[at : at + FEW_PAGES])
        streams += await asyncio.gather(*(idle.open_stream(ports[n % len(ports)], session) for n, session in some))
    tasks = [asyncio.create_task(heard.read(reader)) for reader, _ in streams]
    await asyncio.sleep(SETTLE_SECONDS)
    held = (sum(map(idle.resident_kb, several.pids)) - before) / number
    messages, heard.bytes = several.messages(), 0
    with several.spending() as spent:
        await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    return {
        "pages": len(streams),
        "shares": shares(spent),
        "kB each": held,
        "messages a second": (several.messages() - messages) / spent["seconds"],
        "bytes a second each": heard.bytes / len(streams) / spent["seconds"],
    }


def days(several: Several, processes: int, options: argparse.Namespace) -> list[Figures]:
    """workday.py's steps, each with what everybody took of the cores."""

    def live(number: int) -> Figures:
        with several.running(processes):
            with several.spending() as spent:
                found = workday.lived(several, several.upstream, several.filled[:number], options)
            return found | {"shares": shares(spent)}

    return workday.days(live, options)
