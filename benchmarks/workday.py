"""How many people does a core carry through a working day, and what does one cost?

    python benchmarks/workday.py [--quick] [--people 50 100 200 …] [--seconds 60] [--json FILE] [--write]

Also `make bench ONLY=workday`. Each person keeps a page open, asks every 20 s (answers of 150 tokens, 50 a second),
opens a page every 15 s and searches every minute (workday.c). The site has one core, the people and the upstream
another. With more and more people, until the slowest hundredth of the opened pages or of the first tokens takes more
than a second. Each step begins with the same database and a new process. What is said of CPU holds on a busy machine
too; what is said of times needs two cores with nothing else to do.

--write puts the table into docs/performance.md. Linux only; needs a C compiler.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import table
from collected import CollectedSite
from people import Person, as_lines, make_people
from servers import Server, Upstream
from tools import BUILD, build, cpu_seconds, machine_seconds, running_upstream, tools_seconds, watched

PEOPLE = (50, 100, 200, 400, 600, 800)
LIMIT_MS = 1000.0
"""Of the slowest hundredth of pages and of first tokens."""
LENGTHS = [2] * 26 + [10] * 4
"""Of each person's conversations, in messages; the last ones are those that they open and ask in."""
OPENED = 4
DAY_HOURS = 8

Figures = dict[str, Any]


def main() -> None:
    options = read_options()
    tools_core, server_core = options.cores
    os.sched_setaffinity(0, {tools_core})
    build()
    with running_upstream() as upstream:
        site = CollectedSite(upstream, server_core, lambda: make_people(max(options.people), LENGTHS))
        site.prepare()
        steps = days(lambda number: day(site, upstream, number, options), options)
    if options.json:
        options.json.write_text(json.dumps(steps, indent=1) + "\n")
    lines = said_of(steps)
    print("\n".join(lines))
    if options.write:
        others = max(step["others"] for step in steps)
        said = f"{table.occasion()} {options.seconds} s of each number of people."
        said += f" What else ran took at most {others:.0%} of a core."
        table.replace("workday", [said, "", *lines])


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="50 and 100 people, 20 s each")
    parser.add_argument("--people", type=int, nargs="+", help=f"how many (default: {' '.join(map(str, PEOPLE))})")
    parser.add_argument("--seconds", type=int, help="that are measured of each number (default: 60)")
    parser.add_argument("--over", type=int, default=12, help="seconds before, in which they come (default: 12)")
    parser.add_argument("--cores", type=int, nargs=2, default=(0, 1), metavar=("TOOLS", "SERVER"))
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--json", type=Path, help="put all figures into this file")
    options = parser.parse_args()
    options.people = options.people or (PEOPLE[:2] if options.quick else PEOPLE)
    options.seconds = options.seconds or (20 if options.quick else 60)
    return options


def days(live: Callable[[int], Figures], options: argparse.Namespace) -> list[Figures]:
    """Up to the first number of people that is too large, and the one in the middle before that."""
    steps: list[Figures] = []
    for number in options.people:
        steps.append(live(number))
        if not is_carried(steps[-1]):
            break
    few, many = (steps[-2] if len(steps) > 1 else None), steps[-1]
    if few and not is_carried(many) and not options.quick:
        steps.insert(-1, live((few["people"] + many["people"]) // 2))
    return steps


def day(site: CollectedSite, upstream: Upstream, number: int, options: argparse.Namespace) -> Figures:
    with site.running():
        return lived(site, upstream, site.filled[:number], options)


def lived(site: Server, upstream: Upstream, people: Sequence[Person], options: argparse.Namespace) -> Figures:
    """What workday.c found, with what the site's processes held, and how busy tools and others were, in cores."""
    file = site.folder / "people"
    file.write_text(as_lines(people, OPENED))
    command = [BUILD / "workday", "-r", str(options.over), "-m", str(options.seconds)]
    command += ["-p", ",".join(map(str, site.pids)), site.ports, file]
    began, before = time.monotonic(), spent(site, upstream)
    with watched(site.pids) as held:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    tools, others = (now - was for now, was in zip(spent(site, upstream), before, strict=True))
    seconds = time.monotonic() - began
    found: Figures = json.loads(done.stdout)
    found |= {"memory": held.memory, "tools": tools / seconds, "others": others / seconds}
    print(f"  {len(people)} people: {json.dumps(found)}", file=sys.stderr, flush=True)
    return found


def spent(site: Server, upstream: Upstream) -> tuple[float, float]:
    """CPU of the tools so far, and of whatever else is no part of this."""
    tools = tools_seconds(upstream) + time.process_time()
    return tools, machine_seconds() - tools - cpu_seconds(site.pids)


def is_carried(step: Figures) -> bool:
    return all(not step[name] or step[name]["p99"] <= LIMIT_MS for name in ("page", "first")) and not step["failed"]


# What is said of it


def said_of(steps: list[Figures]) -> list[str]:
    head = ["people", "CPU of a core", "page, p50 / p99, ms", "first token", "list", "search", "token late", "failed"]
    head += ["CPU a person and hour, s", f"and day of {DAY_HOURS} h"]
    return [*table.markdown(head, [cells(step) for step in steps]), "", verdict(steps)]


def cells(step: Figures) -> list[str]:
    hourly = step["cpu"] / step["seconds"] * 3600 / step["people"]
    times = [ranks(step[name]) for name in ("page", "first", "list", "search", "added")]
    failed = step["failed"] + step["unfinished"] + step["lost"]
    share = f"{step['cpu'] / step['seconds']:.0%}"
    return [str(step["people"]), share, *times, str(failed), f"{hourly:.1f}", f"{hourly * DAY_HOURS:.0f}"]


def ranks(times: dict[str, float] | None) -> str:
    return f"{times['p50']:,.0f} / {times['p99']:,.0f}" if times else "-"


def verdict(steps: list[Figures], who: str = "A core carries") -> str:
    carried = max((step["people"] for step in steps if is_carried(step)), default=0)
    if is_carried(steps[-1]):
        return f"{who} {carried} people and more: p99 of a page and of a first token stay below 1 s."
    return f"{who} {carried} people; with {steps[-1]['people']} p99 of a page or of a first token is over 1 s."


if __name__ == "__main__":
    main()
