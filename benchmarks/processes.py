"""Several processes as one site: what they carry on the cores of this machine, and what they cost each other.

    python benchmarks/processes.py [--only streams followers …] [--quick] [--sqlite] [--json FILE] [--write]

Also `make bench ONLY=processes`. Two processes (daphne) on a PostgreSQL and a Redis of their own, on all cores, which
the tools of the other benchmarks share: what each of them takes is said. Its parts:

    streams     how many answers one process carries, and two
    followers   how late a token comes to who follows it at another process, and what it costs; stops
    idle        a thousand pages that are open and where nothing happens, with and without a Redis
    day         the people of a working day (workday.py), whose requests go to the processes in turn
    restart     one process after the other is restarted behind nginx, while answers are written: what was cut
    units       what a question, a second of an answer and a message take, to plan with

--write puts the tables of what was measured into docs/performance.md. Linux only; needs a C compiler, Redis or Valkey,
PostgreSQL (else SQLite), and for the restart nginx.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import followers
import process_tables
import restarts
import scale
import table
import units
import workday
from databases import database
from people import Person, make_people
from several import Several
from tools import build, running_upstream

READERS = 1020
ANSWERS = 50
"""Which are being written while a process is restarted."""

Figures = dict[str, Any]


def main() -> None:
    options = read_options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it has started ends with it
    build()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        held = stack.enter_context(database(folder, is_sqlite=options.sqlite))
        upstream = stack.enter_context(running_upstream())
        several = Several(upstream, held, lambda: people(options))
        several.prepare()
        parts = {name: measured(name, several, options) for name in options.only}
    if options.json:
        options.json.write_text(json.dumps(parts, indent=1) + "\n")
    for name, found in parts.items():
        lines = process_tables.SAID[name](found)
        print("\n".join(["", name, "", *lines]))
        if options.write:
            table.replace(f"processes-{name}", [f"{table.occasion()} {held.name}.", "", *lines])


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES), help="these parts")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite, in the place of PostgreSQL")
    for name, default, words in (
        ("streams", 300, "answers that are followed"),
        ("tokens", 200, "of each"),
        ("interval", 50, "between two of its tokens, in ms"),
        ("latency", 20, "answers of which it is looked at how late tokens are"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{words} (default: {default})")
    parser.add_argument("--people", type=int, nargs="+", help="of the day")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--json", type=Path, help="put all figures into this file")
    options = parser.parse_args()
    options.people = options.people or ([20, 40] if options.quick else [50, 100, 150, 200, 300])
    options.seconds, options.over = (10, 4) if options.quick else (30, 12)
    return options


def people(options: argparse.Namespace) -> list[Person]:
    """Those of the day first, who have conversations; then those who only have a login."""
    busy = make_people(max(options.people), workday.LENGTHS) if "day" in options.only else []
    return [*busy, *make_people(READERS - len(busy), [])]


def measured(name: str, several: Several, options: argparse.Namespace) -> Any:
    found = MEASURES[name](several, options)
    print(f"{name}: {json.dumps(found)}", file=sys.stderr, flush=True)
    return found


# The parts


def streams(several: Several, options: argparse.Namespace) -> list[Figures]:
    return [scale.most_streams(several, number, options) for number in (1, 2)]


def follow(several: Several, options: argparse.Namespace) -> Figures:
    """Each with processes of its own: what one leaves behind is not for the next."""
    extent = options.tokens, options.interval
    with several.running():
        late = asyncio.run(followers.lateness(several, options.latency, *extent))
        stops = asyncio.run(followers.stops(several))
    costs = {}
    for is_elsewhere in (False, True):
        with several.running():
            found = asyncio.run(followers.cost(several, options.streams, *extent, is_elsewhere=is_elsewhere))
            costs["elsewhere" if is_elsewhere else "at home"] = found
    return {"late": late, "stops": stops, "costs": costs}


def idle(several: Several, options: argparse.Namespace) -> dict[str, Figures]:
    pages, seconds = (200, 10) if options.quick else (1000, 30)
    found = {}
    for has_redis in (True, False):
        with several.running(has_redis=has_redis):
            words = "with Redis" if has_redis else "without Redis"
            found[words] = asyncio.run(scale.idle_pages(several, pages, seconds))
    return found


def day(several: Several, options: argparse.Namespace) -> list[Figures]:
    return scale.days(several, 2, options)


def restart(several: Several, options: argparse.Namespace) -> Figures:
    drains = {
        "CHAT_DRAIN_SECONDS": "900",
        "CHAT_DRAIN_NOTICE_SECONDS": str(restarts.NOTICE_SECONDS),
        "TRUST_X_FORWARDED_PROTO": "on",
        "CHAT_TRUSTED_PROXIES": "127.0.0.1",
    }
    with several.running(**drains):
        return asyncio.run(restarts.restart_each(several, 10 if options.quick else ANSWERS))


def unit(several: Several, options: argparse.Namespace) -> Figures:
    answers, hints = units.of_answers(several), units.of_hints(several)
    return {"answers": answers, "hints": hints, "messages": units.of_messages()}


MEASURES: dict[str, Callable[[Several, argparse.Namespace], Any]] = {
    "streams": streams,
    "followers": follow,
    "idle": idle,
    "day": day,
    "restart": restart,
    "units": unit,
}


if __name__ == "__main__":
    main()
