"""Two processes that store: on one SQLite file, and on one PostgreSQL. From what load on is the latter better?

Asks short questions at both processes in turn, from so many people at once, each one question after the other; the
upstream of the other benchmarks answers each at once with one token. A question is three transactions. Prints how many
were answered a second, and after how long each had ended, which is when it is stored. Linux; needs a C compiler,
PostgreSQL and Redis.

    python benchmarks/writers.py [--processes 2] [--seconds 10] [--people 2 10 40]
"""

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from local_site import CSRF, connected
from soak_site import Site
from tools import build, running_upstream

WARM_UP_SECONDS = 3.0
RUNS = 2
"""Of each, in turn: other work on the machine then meets both."""


async def ask(port: int, session: str) -> float:
    """Returns after how many seconds the answer had ended."""
    body = json.dumps({"id": str(uuid.uuid4()), "text": "bench:0:1", "parent": None}).encode()
    began = time.monotonic()
    reader, writer = await connected(port)
    writer.write(
        f"POST /c/{uuid.uuid4()}/messages/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Cookie: sessionid={session}; csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    answer = await reader.read(-1)
    writer.close()
    if b'"status":"complete"' not in answer:
        sys.exit(f"The site answered {answer[:2000]!r}")
    return time.monotonic() - began


async def load(ports: list[int], sessions: list[str], seconds: float) -> tuple[float, list[float]]:
    """Questions a second, and how long each took."""
    took: list[float] = []
    until = time.monotonic() + seconds

    async def person(session: str, first: int) -> None:
        for number in itertools.count(first):
            if time.monotonic() > until:
                return
            took.append(await ask(ports[number % len(ports)], session))

    await asyncio.gather(*(person(session, number) for number, session in enumerate(sessions)))
    return len(took) / seconds, took


async def measure(is_on_sqlite: bool, upstream: int, wished: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder, Site(Path(folder), wished.processes, is_on_sqlite, upstream) as site:
        sessions = await asyncio.to_thread(site.prepare, max(wished.people))
        site.start()
        ports = [process.port for process in site.processes]
        await load(ports, sessions[:10], WARM_UP_SECONDS)
        for number in wished.people:
            rate, took = await load(ports, sessions[:number], wished.seconds)
            ranks = statistics.quantiles(took, n=100)
            print(
                f"{'SQLite' if is_on_sqlite else 'PostgreSQL':10}  {number:3} people: {rate:6.1f} questions a second, "
                f"stored after {ranks[49] * 1000:5.0f} ms (p50), {ranks[98] * 1000:5.0f} ms (p99), "
                f"{max(took) * 1000:5.0f} ms at most",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--people", type=int, nargs="+", default=[2, 10, 40])
    wished = parser.parse_args()
    build()
    with running_upstream() as upstream:
        for _ in range(RUNS):
            for is_on_sqlite in (True, False):
                asyncio.run(measure(is_on_sqlite, upstream.port, wished))


if __name__ == "__main__":
    main()
