"""A soak: many users, every fault, a mishap every 20 s; then an audit of every byte that a client saw.

Runs the site (three processes of daphne, PostgreSQL and Redis, soak_site.py) on loopback ports with an upstream that
misbehaves in every way we know, and users who ask, follow, drop connections, come back by position at any of the
processes, stop, retry and continue. Meanwhile processes are killed, drained and paused, the database and Redis are
restarted, and their and the clients' connections cut. At the end the auditor compares what every follower saw, and
what the upstream really said, with what is stored, and prints

    lost        a follower saw text, or an accepted message, that is not stored
    forged      stored text that the upstream did not send for this generation
    doubled     text twice, an upstream asked twice for one generation without a reason, an `end` twice
    stuck       replies that did not end, or followers that never heard of the end

It exits with 1 unless all four are 0. Linux only (memory is read from /proc).

    python benchmarks/soak.py [--minutes 30] [--users 200] [--seed 1] [--every 20] [--processes 3] [--sqlite]

`--sqlite`: on one file, without Redis.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from local_site import CSRF
from soak_site import Mishaps, Site, loggings

GRACE_SECONDS = 60
"""After the last question: time for deadlines, leases and reconnects to end everything."""
HEARD_NOTHING_SECONDS = 35
WORDS = [
    "alpha ",
    "bêta ",
    "Γάμμα ",
    "дельта ",
    "🙂 ",
    "\n\n",
    "\r\n",
    "\u2028",
    "x" * 200 + " ",
    "event: end\ndata: {}\n\n",
]
FAULTS = [
    "none", "none", "none", "none", "slow", "fast", "eof", "reset", "cut frame", "html", "json", "empty", "500 once",
    "500", "400", "429", "garbage", "error object", "idle", "no first token", "length", "filter", "refusal", "bytes",
    "huge piece", "lone surrogate", "no done", "tool call",
]  # fmt: skip
RETRIED = {"500 once", "500", "429"}


def chunk(finish: str | None = None, **delta: str) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


class Upstream:
    """Says for each request, chosen by its question, some text and then does something wrong. Remembers both."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.said: dict[str, list[str]] = defaultdict(list)
        self.asked: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, TimeoutError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            await self._answer(body, writer)
        writer.close()

    async def _answer(self, body: dict, writer: asyncio.StreamWriter) -> None:
        key = next(m["content"] for m in reversed(body["messages"]) if m["content"].startswith("Q "))
        self.asked[key] += 1
        dice = random.Random(f"{self._seed} {key} {self.asked[key]}")
        fault = dice.choice(FAULTS)
        self.faults[fault] += 1
        index = len(self.said[key])
        self.said[key].append("")

        async def send(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        def header(status: str = "200 OK", kind: str = "text/event-stream", more: str = "") -> bytes:
            return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Connection: close\r\n\r\n".encode()

        if fault in ("500", "500 once") and (fault == "500" or self.asked[key] == 1):
            return await send(header("500 Broken", "text/plain") + b"the upstream's own words")
        if fault in ("400", "429"):
            return await send(header(f"{fault} No", "application/json", "Retry-After: 0\r\n") + b"{}")
        if fault == "html":
            return await send(header(kind="text/html") + b"<html>hello</html>")
        if fault == "json":
            return await send(header(kind="application/json") + b'{"choices": []}')
        await send(header())
        if fault == "empty":
            return None
        if fault == "no first token":
            return await asyncio.sleep(60)
        pause = {"slow": 0.3, "fast": 0.0}.get(fault, dice.choice([0.0, 0.01, 0.05]))
        pieces = [dice.choice(WORDS) for _ in range(dice.randrange(1, 400 if fault == "fast" else 120))]
        if fault == "huge piece":
            pieces.append("h" * 50_000)
        for number, piece in enumerate(pieces):
            frame = chunk(refusal=piece) if fault == "refusal" else chunk(content=piece)
            self.said[key][index] += piece
            if fault == "bytes" and number < 5:
                for byte in frame:
                    await send(bytes([byte]))
            elif fault == "lone surrogate" and number == 0:
                self.said[key][index] += "\ufffd"
                await send(frame + b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}\n\n')
            else:
                await send(frame)
            await asyncio.sleep(pause)
        if fault == "eof":
            return None
        if fault == "reset":
            writer.transport.abort()
            return None
        if fault == "cut frame":
            return await send(chunk(content="never whole")[:-20])
        if fault == "garbage":
            return await send(b"data: {not json\n\n")
        if fault == "error object":
            return await send(b'data: {"error": {"message": "overloaded"}}\n\n')
        if fault == "idle":
            for _ in range(10):
                await send(b": still here\n\n")
                await asyncio.sleep(1)
            return None
        reason = {"length": "length", "filter": "content_filter", "tool call": "tool_calls"}.get(fault, "stop")
        await send(chunk(reason))
        if fault != "no done":
            await send(b"data: [DONE]\n\n")
        return None


@dataclass
class Seen:
    """What one follower knows of one reply."""

    generation: str = ""
    message: str = ""
    text: str = ""
    position: int = 0
    ends: list[str] = field(default_factory=list)
    gave_up: bool = False


class User:
    def __init__(self, ports: list[int], session: str, dice: random.Random) -> None:
        self.ports, self.session, self.dice = ports, session, dice
        self.open: set[asyncio.StreamWriter] = set()
        self.seen: list[Seen] = []
        self.accepted: list[tuple[str, str]] = []
        """Messages that the site took (their id and text)."""
        self.refused: Counter[str] = Counter()

    async def live(self, until: float) -> None:
        while time.monotonic() < until:
            conversation, parent = str(uuid.uuid4()), None
            for _ in range(self.dice.randrange(1, 5)):
                if time.monotonic() >= until:
                    return
                parent = await self.ask(conversation, parent) or parent
                await asyncio.sleep(self.dice.random())

    async def ask(self, conversation: str, parent: str | None) -> str | None:
        message = str(uuid.uuid4())
        text = f"Q {message} {self.dice.choice(WORDS)}"
        body = {"id": message, "text": text, "parent": parent}
        seen = await self.follow(f"/c/{conversation}/messages/", body)
        if not seen.generation:
            return None
        self.accepted.append((message, text))
        status = seen.ends[0] if seen.ends else ""
        if status not in ("complete", "") and self.dice.random() < 0.5:
            verb = "continuations" if seen.text and self.dice.random() < 0.5 else "regenerations"
            again = await self.follow(f"/messages/{seen.message}/{verb}/", {"id": str(uuid.uuid4())})
            return again.message or seen.message
        return seen.message

    async def follow(self, path: str, body: dict) -> Seen:
        """Post, and read to the end, over dropped connections and restarts, as the page does."""
        seen = Seen()
        self.seen.append(seen)
        stop_after = self.dice.randrange(1, 2000) if self.dice.random() < 0.1 else None
        second = None
        for _ in range(200):
            if seen.ends or seen.gave_up:
                break
            drop_after = self.dice.randrange(1, 40) if self.dice.random() < 0.3 else None
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
                async for event, data, position in self.events(seen, path, body):
                    self.apply(seen, event, data, position)
                    if second is None and seen.generation and self.dice.random() < 0.02:
                        second = asyncio.create_task(self.watch(seen.generation))
                    if stop_after and len(seen.text) > stop_after:
                        stop_after = None
                        await self.cancel(seen.generation)
                    if drop_after is not None and (drop_after := drop_after - 1) <= 0:
                        break
            await asyncio.sleep(0.2 + 0.5 * self.dice.random())
        if second:
            await second
        return seen

    async def watch(self, generation: str) -> None:
        """Another tab: from the beginning."""
        seen = Seen(generation=generation)
        self.seen.append(seen)
        for _ in range(200):
            if seen.ends or seen.gave_up:
                return
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
                async for event, data, position in self.events(seen, "", {}):
                    self.apply(seen, event, data, position)
            await asyncio.sleep(0.5)

    def apply(self, seen: Seen, event: str, data: dict, position: int | None) -> None:
        if event == "start":
            seen.generation, seen.message = data["generation"], data["message"]
            if position != seen.position:
                seen.text, seen.position = "", 0
        elif event == "reset":
            seen.text, seen.position = "", 0
        elif event == "text":
            seen.text += data["text"]
            seen.position = position or 0
        elif event == "end":
            seen.ends.append(data["status"])

    async def events(self, seen: Seen, path: str, body: dict) -> AsyncIterator[tuple[str, dict, int | None]]:
        if seen.generation:
            headers = f"Last-Event-ID: {seen.position}\r\n"
            request = self.request("GET", f"/generations/{seen.generation}/events/", headers)
        else:
            request = self.request("POST", path, body=json.dumps(body).encode())
        reader, writer = await asyncio.open_connection("127.0.0.1", self.dice.choice(self.ports), limit=2**22)
        self.open.add(writer)
        try:
            writer.write(request)
            async with asyncio.timeout(HEARD_NOTHING_SECONDS):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status = head.split()[1]
            if status != "200":
                if status.startswith("4"):
                    self.refused[status] += 1
                    seen.gave_up = True
                return
            buffer = b""
            while True:
                async with asyncio.timeout(HEARD_NOTHING_SECONDS):
                    size = int(await reader.readline() or b"0", 16)
                    buffer += (await reader.readexactly(size + 2))[:-2]
                if not size:
                    return
                *frames, buffer = buffer.split(b"\n\n")
                for frame in frames:
                    fields = dict(
                        line.split(": ", 1) for line in frame.decode().split("\n") if not line.startswith(":")
                    )
                    if "event" in fields:
                        position = int(fields["id"]) if "id" in fields else None
                        yield fields["event"], json.loads(fields["data"]), position
        finally:
            self.open.discard(writer)
            writer.close()

    async def cancel(self, generation: str) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.dice.choice(self.ports))
            writer.write(self.request("POST", f"/generations/{generation}/cancellation/"))
            async with asyncio.timeout(10):
                await reader.readuntil(b"\r\n\r\n")
            writer.close()

    def request(self, method: str, path: str, headers: str = "", body: bytes = b"") -> bytes:
        return (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Cookie: sessionid={self.session}; "
            f"csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode() + body


def audit(site: Site, users: list[User], upstream: Upstream) -> Counter[str]:
    """Compare every byte."""
    found: Counter[str] = Counter(lost=0, forged=0, doubled=0, stuck=0)

    def report(kind: str, words: str) -> None:
        found[kind] += 1
        if found[kind] <= 5:
            print(f"{kind}: {words}")

    texts: dict[str, str] = defaultdict(str)
    for message, text in site.rows(
        "select message_id, text from chat_messagepart where kind = 'text' order by message_id, number"
    ):
        texts[as_id(message)] += text
    generations = {}
    for pk, message, parent, status, begins, ends in site.rows(
        "select g.id, g.message_id, m.parent_id, g.status, g.begins_at, g.ends_at from chat_generation g "
        "join chat_message m on m.id = g.message_id"
    ):
        generations[as_id(pk)] = as_id(message), as_id(parent), status, begins, ends
        if status == "running":
            report("stuck", f"generation {pk} still runs")
    asked_for: Counter[str] = Counter()
    for pk, (message, parent, status, begins, ends) in generations.items():
        question = texts[parent]
        asked_for[question] += 1
        own = texts[message][begins:ends]
        if ends is None or not any(
            said.replace("\0", "\ufffd").startswith(own) for said in [*upstream.said[question], ""]
        ):
            report("forged", f"generation {pk} ({status}) holds what was never sent: {own[:80]!r}")
    for question, times in upstream.asked.items():
        allowed = asked_for[question]
        if times > allowed * 3:
            report("doubled", f"asked {times} times for {allowed} generations: {question!r}")
        if not allowed:
            report("lost", f"the upstream was asked for what is not stored: {question!r}")
    for user in users:
        for message, text in user.accepted:
            if texts.get(as_id(message)) != text:
                report("lost", f"message {message} is not stored as it was accepted")
        for seen in user.seen:
            if not seen.generation or seen.gave_up:
                continue
            generation = generations.get(as_id(seen.generation))
            if not generation:
                report("lost", f"generation {seen.generation} is not stored")
                continue
            message, _, status, _, ends = generation
            if not seen.ends:
                report("stuck", f"a follower of {seen.generation} heard no end ({status})")
            elif seen.ends != [status]:
                report("doubled", f"a follower of {seen.generation} heard {seen.ends}, stored is {status}")
            elif seen.text != texts[message][:ends]:
                report("lost", f"{seen.generation}: {len(seen.text)} characters seen, {ends} stored ({status})")
    statuses = Counter(status for _, _, status, _, _ in generations.values())
    print(f"{len(generations):,} generations: {dict(statuses)}")
    refused = sum((user.refused for user in users), Counter())
    print(f"{sum(len(user.seen) for user in users):,} followers, refused: {dict(refused)}")
    print(f"faults: {dict(upstream.faults)}")
    return found


def as_id(value: object) -> str:
    """PostgreSQL has a type for it, SQLite has not."""
    return uuid.UUID(str(value)).hex


async def main(wished: argparse.Namespace) -> int:
    upstream = Upstream(wished.seed)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, backlog=1000, limit=2**24)
    port = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, Site(Path(folder), wished.processes, wished.sqlite, port) as site:
        sessions = await asyncio.to_thread(site.prepare, wished.users)
        site.start()
        ports = [process.port for process in site.processes]
        users = [User(ports, session, random.Random(f"{wished.seed} {n}")) for n, session in enumerate(sessions)]
        loop = asyncio.get_running_loop()
        mishaps = Mishaps(
            site, random.Random(wished.seed), lambda: asyncio.run_coroutine_threadsafe(cut(users), loop).result()
        )
        await live(users, mishaps, wished)
        found = audit(site, users, upstream)
        print(f"mishaps: {dict(mishaps.happened)}; drained in {max(mishaps.drains, default=0):.1f} s at most")
        print(f"resident before each end, MB: {[kilobytes // 1000 for kilobytes in mishaps.memory]}")
        print(f"logged: {dict(loggings(site.log))}")
        print(", ".join(f"{count} {kind}" for kind, count in found.items()))
        if any(found.values()) or wished.log:
            Path(wished.log or "soak.log").write_text(site.log)
        return 1 if any(found.values()) else 0


async def live(users: list[User], mishaps: Mishaps, wished: argparse.Namespace) -> None:
    until = time.monotonic() + wished.minutes * 60
    befalling = asyncio.create_task(mishaps.happen(until, wished.every))
    living = [asyncio.create_task(user.live(until)) for user in users]
    await asyncio.wait(living, timeout=wished.minutes * 60 + GRACE_SECONDS)
    await befalling
    await asyncio.sleep(20)  # a lease and a sweep
    for task in living:
        task.cancel()
    for result in await asyncio.gather(*living, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


async def cut(users: list[User]) -> int:
    """The connections of all that read, at once, without a word."""
    writers = [writer for user in users for writer in user.open]
    for writer in writers:
        writer.transport.abort()
    return len(writers)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=float, default=20, help="seconds between mishaps")
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--log", help="a file for what the site logged; kept in any case where something is wrong")
    sys.exit(asyncio.run(main(parser.parse_args())))
