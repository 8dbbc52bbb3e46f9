"""The site, the original and nginx, measured in turn on one core: one table (docs/performance.md, "Streams").

    python benchmarks/bench.py [--quick] [--runs 3] [--streams 100 500 1000] [--servers site original nginx …]
                               [--only requests paced_streams …] [--write] [--json FILE]

Also `make bench`. The servers have one core, the tools another, so a machine with two idle cores is needed. --write
puts the table into docs/performance.md. Linux only; needs a C compiler, and for the original Node.js.
"""

import argparse
import dataclasses
import json
import os
from pathlib import Path

import table
from measures import PARTS, QUICK, Extent, Figures, measure, say
from servers import SERVERS, Missing, Server, Upstream
from tools import build, running_upstream

DEFAULT = ["site", "original", "nginx"]


def main() -> None:
    options = read_options()
    extent = QUICK if options.quick else Extent()
    if options.streams:
        extent = dataclasses.replace(extent, streams=[number for number in options.streams if number > 10])
    busy = table.load()
    if busy:
        say(busy.strip())
    tools_core, server_core = options.cores
    os.sched_setaffinity(0, {tools_core})
    build()
    with running_upstream() as upstream:
        servers = prepared(options.servers, upstream, server_core)
        runs: dict[str, list[Figures]] = {name: [] for name in servers}
        for number in range(1, options.runs + 1):
            for name, server in servers.items():
                say(f"run {number} of {options.runs}: {server.name}")
                with server.running():
                    runs[name].append(measure(server, extent, options.only))
    if options.json:
        options.json.write_text(json.dumps(runs, indent=1) + "\n")
    print(table.text(runs))
    if options.write:
        table.write(runs, extent, busy)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything; about two minutes")
    parser.add_argument("--runs", type=int, help="of each server; the medians count (default: 3; quick: 1)")
    parser.add_argument("--streams", type=int, nargs="+", help="how many streams at once (default: 100 500 1000)")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=DEFAULT)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="so much of it; it begins warm")
    parser.add_argument("--cores", type=int, nargs=2, default=(0, 1), metavar=("TOOLS", "SERVER"))
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--json", type=Path, help="put all figures of all runs into this file")
    options = parser.parse_args()
    options.runs = options.runs or (1 if options.quick else 3)
    return options


def prepared(names: list[str], upstream: Upstream, core: int) -> dict[str, Server]:
    """The servers that can be run here; of the others, why not."""
    servers = {}
    for name in names:
        server = SERVERS[name](upstream, core)
        try:
            server.prepare()
            servers[name] = server
        except Missing as missing:
            say(f"{server.name} is skipped: {missing}")
    return servers


if __name__ == "__main__":
    main()
