"""Two processes of one site, and what it takes to follow an answer from the other one.

Runs the site twice (daphne, SQLite or DATABASE_URL, a Redis of its own) with the upstream of the other benchmarks,
whose tokens bear the time at which they were sent. Prints how late they come to who follows at home and, at the same
time, elsewhere; what a token costs in CPU, followed at home and elsewhere; and how soon an answer that is stopped
elsewhere has ended. Linux only; needs a C compiler, and redis-server or valkey-server.

    python benchmarks/processes.py [--streams 300] [--tokens 200] [--interval 50] [--latency 20] [--without-redis]
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from open_streams import CSRF, ROOT, connected, environment, free_port, make_session
from tools import build, cpu_seconds, running_upstream

STAMP = re.compile(rb"~(\d+)\.(\d+);")
SETTLE_SECONDS = 2.0
PATIENCE = 180


class Following:
    """A stream that is read: when each token came that it has, and whether the answer has ended."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.late: dict[int, float] = {}
        """Milliseconds, by the number of the token."""
        self.ended_at = 0.0

    async def first(self) -> str:
        """The id of its generation."""
        await self._reader.readuntil(b'"generation":"')
        return (await self._reader.readexactly(36)).decode()

    async def read(self) -> None:
        rest = b""
        while piece := await self._reader.read(65536):
            now, rest = time.monotonic() * 1e6, rest + piece
            for found in STAMP.finditer(rest):
                self.late.setdefault(int(found[1]), (now - int(found[2])) / 1000)
            if b"event: end" in rest:
                self.ended_at = time.monotonic()
                break
            rest = rest[-200:]
        self.close()

    def close(self) -> None:
        self._writer.close()


class Site:
    def __init__(self, port: int, pid: int, session: str) -> None:
        self.port, self.pid, self._session = port, pid, session

    async def ask(self, text: str) -> Following:
        body = json.dumps({"id": str(uuid.uuid4()), "text": text, "parent": None}).encode()
        return await self._send("POST", f"/c/{uuid.uuid4()}/messages/", body)

    async def follow(self, generation: str) -> Following:
        return await self._send("GET", f"/generations/{generation}/events/")

    async def stop(self, generation: str) -> None:
        (await self._send("POST", f"/generations/{generation}/cancellation/")).close()

    async def _send(self, method: str, path: str, body: bytes = b"") -> Following:
        reader, writer = await connected(self.port)
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Cookie: sessionid={self._session}; csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        status = await reader.readline()
        if not re.search(rb" 20[02] ", status):
            sys.exit(f"The site answered {status!r}: {await reader.read(2000)!r}")
        return Following(reader, writer)


@contextlib.contextmanager
def running(command: Sequence[str], env: dict[str, str] | None = None) -> Iterator[int]:
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def two_sites(wished: argparse.Namespace, upstream_port: int) -> Iterator[tuple[Site, Site, int]]:
    """The two, and the pid of their Redis (0: none)."""
    redis = shutil.which("valkey-server") or shutil.which("redis-server")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        plain = {"DEBUG": "off", "ALLOWED_HOSTS": "127.0.0.1", "SECURE_SSL_REDIRECT": "off"}
        env = environment(folder, upstream_port) | plain | {"CHAT_LIVE_PER_PROCESS": "0", "CHAT_OUTPUT_CHARS": "0"}
        env |= {"DATABASE_URL": os.environ["DATABASE_URL"]} if os.environ.get("DATABASE_URL") else {}
        pid = 0
        if not wished.without_redis and redis:
            options = ["--port", "0", "--unixsocket", f"{folder}/redis", "--save", "", "--appendonly", "no"]
            pid = stack.enter_context(running([redis, *options]))
            env["REDIS_URL"] = f"unix://{folder}/redis"
        session, ports = make_session(env), [free_port(), free_port()]
        daphne = [sys.executable, "-m", "daphne", "-v0", "-b", "127.0.0.1", "chatsite.asgi:application", "-p"]
        sites = [Site(port, stack.enter_context(running([*daphne, str(port)], env)), session) for port in ports]
        yield sites[0], sites[1], pid


async def many(site: Site, number: int, text: str) -> list[Following]:
    asked: list[Following] = []
    while len(asked) < number:
        asked += await asyncio.gather(*(site.ask(text) for _ in range(min(10, number - len(asked)))))
    return asked


async def warm_up(here: Site, there: Site) -> None:
    """Both are connected to Redis by then, and have done all of this once."""
    for _ in range(3):
        asked = await many(here, 10, "bench:50000:60")
        ids = [await one.first() for one in asked]
        followed = [await there.follow(pk) for pk in ids]
        await asyncio.gather(*(one.read() for one in [*asked, *followed]))


async def latency(here: Site, there: Site, wished: argparse.Namespace) -> None:
    asked = await many(here, wished.latency, f"bench:{wished.interval * 1000}:{wished.tokens}")
    ids = [await one.first() for one in asked]
    followed = [await there.follow(pk) for pk in ids]
    await asyncio.gather(*(one.read() for one in [*asked, *followed]))
    # What was written before it was followed came at once, and late.
    since = min(wished.tokens // 2, 2000 // wished.interval)
    pairs = [
        (home.late[number], away.late[number])
        for home, away in zip(asked, followed, strict=True)
        for number in range(since, wished.tokens)
    ]
    for name, late in (
        ("at home", [home for home, _ in pairs]),
        ("elsewhere", [away for _, away in pairs]),
        ("later", [away - home for home, away in pairs]),
    ):
        ranks = statistics.quantiles(late, n=100)
        print(f"{wished.latency} answers, a token is late {name}: p50 {ranks[49]:.1f} ms, p99 {ranks[98]:.1f} ms")
    missing = sum(len(one.late) != wished.tokens for one in [*asked, *followed])
    print(f"streams with a token too few: {missing}")


async def cost(here: Site, there: Site, redis: int, wished: argparse.Namespace) -> None:
    text = f"bench:{wished.interval * 1000}:{wished.tokens}"
    pids = [here.pid, there.pid, *([redis] if redis else [])]
    tokens = wished.streams * wished.tokens
    costs = []
    for is_elsewhere in (False, True):
        await asyncio.sleep(SETTLE_SECONDS)
        before = [cpu_seconds([pid]) for pid in pids]
        followed = await many(here, wished.streams, text)
        if is_elsewhere:
            ids = [await one.first() for one in followed]
            for one in followed:
                one.close()
            followed = [await there.follow(pk) for pk in ids]
        await asyncio.gather(*(one.read() for one in followed))
        await asyncio.sleep(SETTLE_SECONDS)
        each = [(cpu_seconds([pid]) - was) / tokens * 1e6 for pid, was in zip(pids, before, strict=True)]
        costs.append(sum(each))
        where = "elsewhere" if is_elsewhere else "at home"
        parts = ", ".join(f"{part:.1f}" for part in each)
        short = sum(len(one.late) != wished.tokens for one in followed)
        print(f"{wished.streams} answers followed {where}: {sum(each):.1f} µs a token ({parts}); {short} not whole")
    print(f"elsewhere a token costs {costs[1] / costs[0]:.2f} times as much")


async def stops(here: Site, there: Site) -> None:
    seconds = []
    for _ in range(20):
        asked = await here.ask("bench:20000:5000")
        generation = await asked.first()
        reading = asyncio.create_task(asked.read())
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await there.stop(generation)
        await reading
        seconds.append(asked.ended_at - began)
    print(f"stopped elsewhere, ended after: median {statistics.median(seconds):.3f} s, at most {max(seconds):.3f} s")


async def measure(here: Site, there: Site, redis: int, wished: argparse.Namespace) -> None:
    async with asyncio.timeout(PATIENCE + 3 * wished.tokens * wished.interval / 1000):
        await warm_up(here, there)
        await latency(here, there, wished)
        await stops(here, there)
        await cost(here, there, redis, wished)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("streams", 300), ("tokens", 200), ("interval", 50), ("latency", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--without-redis", action="store_true")
    wished = parser.parse_args()
    build()
    with running_upstream() as upstream, two_sites(wished, upstream.port) as (here, there, redis):
        asyncio.run(measure(here, there, redis, wished))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main()
