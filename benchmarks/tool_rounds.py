"""What it costs that an answer calls tools: 100 conversations at once, in which each answer does so in three rounds.

Runs the site (daphne, SQLite or DATABASE_URL) with the built-in tool `current_time` and an upstream that calls it as
often as the question says. In turn it asks questions whose answers call none, and such with rounds; each question's
answer is read to its end, and looked at: nothing may be missing. Prints what a question costs in CPU, what a round
adds to that, and, `--beside` another checkout of this project, what an answer without tools costs here and there.

    python benchmarks/tool_rounds.py [--conversations 100] [--rounds 3] [--times 7] [--beside FOLDER]
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from local_site import CSRF, ROOT, connected, environment, free_port, make_session
from tools import cpu_seconds

SETTLE_SECONDS = 1.5
TEXT = "So it is by now, and that is all that there is to say. " * 3
EVENT = re.compile(rb"^event: (\w+)$", re.MULTILINE)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The upstream. Of a question `rounds 3` three answers call a tool, and the fourth says something."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
            messages = json.loads(await reader.readexactly(length))["messages"]
            wanted = int(re.search(r"rounds (\d+)", messages[0]["content"])[1])  # type: ignore[index]
            done = sum(message["role"] == "tool" for message in messages)
            body = b"".join(chunks_of(done < wanted)) + b"data: [DONE]\n\n"
            kind = b"Content-Type: text/event-stream\r\n"
            writer.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (kind, len(body), body))
            await writer.drain()
    writer.close()


def chunks_of(calls: bool) -> Iterator[bytes]:
    if calls:
        called = {
            "index": 0,
            "id": "call_1",
            "type": "function",
            "function": {"name": "current_time", "arguments": ""},
        }
        yield chunk({"tool_calls": [called]})
        yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]})
    else:
        for word in TEXT.split():
            yield chunk({"content": f"{word} "})
    yield chunk({}, "tool_calls" if calls else "stop")


def chunk(delta: dict[str, object], finish: str | None = None) -> bytes:
    return (
        b"data: %b\n\n"
        % json.dumps(
            {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, separators=(",", ":")
        ).encode()
    )


class Site:
    def __init__(self, folder: Path, upstream_port: int, tools: str) -> None:
        self._folder, self._port = folder, free_port()
        self._data = tempfile.TemporaryDirectory()
        self._env = environment(self._data.name, upstream_port) | {
            "CHAT_TOOLS": tools,
            "CHAT_LIVE_PER_PROCESS": "0",
            "PYTHONPATH": str(folder),
            "DEBUG": "off",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "off",
        }
        self._env |= {"DATABASE_URL": os.environ["DATABASE_URL"]} if os.environ.get("DATABASE_URL") else {}

    def __enter__(self) -> "Site":
        before = os.getcwd()
        os.chdir(self._folder)
        self.session = make_session(self._env)
        os.chdir(before)
        command = ["-m", "daphne", "-v0", "-b", "127.0.0.1", "-p", str(self._port), "chatsite.asgi:application"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([sys.executable, *command], cwd=self._folder, env=self._env, **quiet)  # type: ignore[call-overload]
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()
        self._data.cleanup()

    async def ask(self, rounds: int) -> None:
        """One question, read to the end of its answer. Exits where anything of that is missing."""
        reader, writer = await connected(self._port)
        body = json.dumps({"id": str(uuid.uuid4()), "text": f"rounds {rounds}", "parent": None}).encode()
        writer.write(
            f"POST /c/{uuid.uuid4()}/messages/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Cookie: sessionid={self.session}; csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        said = await reader.read(-1)
        writer.close()
        events = [found.decode() for found in EVENT.findall(said)]
        whole = b'"status":"complete"' in said and b"to say. " in said
        if not whole or [events.count(kind) for kind in ("tool_call", "tool_result")] != [rounds] * 2:
            sys.exit(f"Something is missing of an answer with {rounds} rounds: {said[-2000:]!r}")

    async def cost(self, number: int, rounds: int) -> tuple[float, float]:
        """Seconds of CPU for so many questions at once, all that is stored included; and until all had ended."""
        before, begun = cpu_seconds([self._process.pid]), time.monotonic()
        await asyncio.gather(*(self.ask(rounds) for _ in range(number)))
        ended = time.monotonic()
        await asyncio.sleep(SETTLE_SECONDS)
        return cpu_seconds([self._process.pid]) - before, ended - begun


async def measure(wished: argparse.Namespace, upstream_port: int) -> None:
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(ROOT, upstream_port, "current_time"))
        sites = {"here, without tools": stack.enter_context(Site(ROOT, upstream_port, ""))}
        if wished.beside:
            sites["there"] = stack.enter_context(Site(Path(wished.beside).resolve(), upstream_port, ""))
        number = wished.conversations
        for each in (site, *sites.values()):
            await each.cost(number, 0)  # it has done all of this once
        await site.cost(number, wished.rounds)
        found: dict[str, list[float]] = {name: [] for name in ("question", "round", "seconds", *sites)}
        for _ in range(wished.times):
            plain, _seconds = await site.cost(number, 0)
            rounds, seconds = await site.cost(number, wished.rounds)
            found["question"].append(plain / number * 1000)
            found["round"].append((rounds - plain) / number / wished.rounds * 1000)
            found["seconds"].append(seconds)
            for name, each in sites.items():
                found[name].append((await each.cost(number, 0))[0] / number * 1000)
    middle = {name: statistics.median(values) for name, values in found.items()}
    print(f"a question, answered without a call: {middle['question']:.2f} ms of CPU")
    print(f"a round with one call: {middle['round']:.2f} ms more")
    print(f"{number} at once with {wished.rounds} rounds each: {middle['seconds']:.2f} s, and nothing is missing")
    for name in sites:
        print(f"a question {name}: {middle[name]:.2f} ms")
    if wished.beside:
        here, there = middle["here, without tools"], middle["there"]
        print(f"an answer without tools costs {here / there - 1:+.1%} of what it costs there")


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--beside", metavar="FOLDER")
    wished = parser.parse_args()
    async with await asyncio.start_server(answer, "127.0.0.1", 0, backlog=2000) as upstream:
        await measure(wished, upstream.sockets[0].getsockname()[1])


if __name__ == "__main__":
    asyncio.run(main())
