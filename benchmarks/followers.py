"""What it takes to follow, and to stop, an answer that another process writes."""

import asyncio
import json
import re
import statistics
import time
import uuid
from typing import Any

from local_site import CSRF, connected
from several import Several, shares
from tools import cpu_seconds

STAMP = re.compile(rb"~(\d+)\.(\d+);")
SETTLE_SECONDS = 2.0
AT_ONCE = 10
STOPS = 20

Figures = dict[str, Any]


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


class Client:
    """Of one user, at one process."""

    def __init__(self, port: int, session: str) -> None:
        self._port, self._session = port, session

    async def ask(self, text: str) -> Following:
        body = json.dumps({"id": str(uuid.uuid4()), "text": text, "parent": None}).encode()
        return await self._send("POST", f"/c/{uuid.uuid4()}/messages/", body)

    async def ask_many(self, number: int, text: str) -> list[Following]:
        asked: list[Following] = []
        while len(asked) < number:
            asked += await asyncio.gather(*(self.ask(text) for _ in range(min(AT_ONCE, number - len(asked)))))
        return asked

    async def follow(self, generation: str) -> Following:
        return await self._send("GET", f"/generations/{generation}/events/")

    async def stop(self, generation: str) -> None:
        (await self._send("POST", f"/generations/{generation}/cancellation/")).close()

    async def _send(self, method: str, path: str, body: bytes = b"") -> Following:
        reader, writer = await connected(self._port)
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Cookie: sessionid={self._session}; csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        status = await reader.readline()
        if not re.search(rb" 20[02] ", status):
            raise SystemExit(f"The site answered {status!r}: {await reader.read(2000)!r}")
        return Following(reader, writer)


def clients(several: Several) -> tuple[Client, Client]:
    """Of the same user, at the first process and at the second."""
    session = several.filled[0].session
    here, there = (Client(process.port, session) for process in several.processes[:2])
    return here, there


async def warm_up(here: Client, there: Client) -> None:
    """Both are connected to Redis by then, and have done all of this once."""
    for _ in range(3):
        asked = await here.ask_many(10, "bench:50000:60")
        ids = [await one.first() for one in asked]
        followed = [await there.follow(pk) for pk in ids]
        await asyncio.gather(*(one.read() for one in [*asked, *followed]))


async def lateness(several: Several, number: int, tokens: int, interval: int) -> Figures:
    """Of tokens that are followed at home and, at the same time, elsewhere; `interval` in milliseconds."""
    here, there = clients(several)
    await warm_up(here, there)
    asked = await here.ask_many(number, f"bench:{interval * 1000}:{tokens}")
    ids = [await one.first() for one in asked]
    followed = [await there.follow(pk) for pk in ids]
    await asyncio.gather(*(one.read() for one in [*asked, *followed]))
    # What was written before it was followed came at once, and late.
    since = min(tokens // 2, 2000 // interval)
    pairs = [
        (home.late[token], away.late[token])
        for home, away in zip(asked, followed, strict=True)
        for token in range(since, tokens)
        if token in home.late and token in away.late
    ]
    return {
        "answers": number,
        "at home": ranks([home for home, _ in pairs]),
        "elsewhere": ranks([away for _, away in pairs]),
        "later": ranks([away - home for home, away in pairs]),
        "missing": sum(len(one.late) != tokens for one in [*asked, *followed]),
    }


async def stops(several: Several) -> Figures:
    """Seconds from the request to the end of the stream at home."""
    here, there = clients(several)
    seconds = []
    for _ in range(STOPS):
        asked = await here.ask("bench:20000:5000")
        generation = await asked.first()
        reading = asyncio.create_task(asked.read())
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await there.stop(generation)
        await reading
        seconds.append(asked.ended_at - began)
    return {"stops": STOPS, "median": statistics.median(seconds), "most": max(seconds)}


async def cost(several: Several, number: int, tokens: int, interval: int, *, is_elsewhere: bool) -> Figures:
    """Microseconds of CPU of a token: of the process that writes, of the other, of Redis, of the database."""
    here, there = clients(several)
    await warm_up(here, there)
    await asyncio.sleep(SETTLE_SECONDS)
    pids = [[process.pids[0]] for process in several.processes[:2]] + [several.redis_pids]
    before, messages = [cpu_seconds(each) for each in pids], several.messages()
    with several.spending() as spent:
        followed = await here.ask_many(number, f"bench:{interval * 1000}:{tokens}")
        if is_elsewhere:
            ids = [await one.first() for one in followed]
            for one in followed:
                one.close()
            followed = [await there.follow(pk) for pk in ids]
        await asyncio.gather(*(one.read() for one in followed))
        await asyncio.sleep(SETTLE_SECONDS)
    all_tokens = number * tokens
    each = [(cpu_seconds(pid) - was) / all_tokens * 1e6 for pid, was in zip(pids, before, strict=True)]
    return {
        "answers": number,
        "a token": sum(each),
        "parts": dict(zip(("writer", "other", "Redis"), each, strict=True)),
        "messages a second": (several.messages() - messages) / spent["seconds"],
        "not whole": sum(len(one.late) != tokens for one in followed),
        "shares": shares(spent),
    }


def ranks(late: list[float]) -> dict[str, float]:
    hundredths = statistics.quantiles(late, n=100)
    return {"p50": hundredths[49], "p99": hundredths[98]}
