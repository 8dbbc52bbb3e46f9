"""How many threads, connections and bytes do open streams hold?

Runs the site (daphne, SQLite, everything on) with an upstream that says a word now and then, opens streams in steps
and prints what the server's process holds, read from /proc. Linux only.

    python benchmarks/open_streams.py [streams …]        (default: 10 100 300)
"""

import asyncio
import json
import os
import sys
import tempfile
import uuid
from pathlib import Path

from local_site import CSRF, connected, environment, free_port, make_session, served

WORD = b'data: {"choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
SECONDS_A_WORD = 2


async def answer_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The upstream: a stream of words without end."""
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(WORD)
            await writer.drain()
            await asyncio.sleep(SECONDS_A_WORD)
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def open_stream(port: int, session: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask, and return once the first word has come."""
    reader, writer = await connected(port)
    body = json.dumps({"id": str(uuid.uuid4()), "text": "Go on.", "parent": None}).encode()
    writer.write(
        f"POST /c/{uuid.uuid4()}/messages/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Cookie: sessionid={session}; csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    status = await reader.readline()
    if b" 200 " not in status:
        sys.exit(f"The site answered {status!r}: {await reader.read(2000)!r}")
    await reader.readuntil(b"event: text")
    return reader, writer


async def drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


def held(pid: int) -> dict[str, int]:
    """What a process holds now: threads, open database files, and resident memory in kB."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    files = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.exists()]
    return {
        "threads": int(status["Threads"]),
        "database files": sum(name.endswith("db.sqlite3") for name in files),
        "with -wal and -shm": sum("db.sqlite3" in name for name in files),
        "resident kB": int(status["VmRSS"].split()[0]),
    }


async def main(steps: list[int]) -> None:
    upstream = await asyncio.start_server(answer_slowly, "127.0.0.1", 0, backlog=2000)
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(folder, upstream.sockets[0].getsockname()[1])
        session = make_session(env)
        with served(env, port) as server:
            streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
            readers = []
            for step in steps:
                while len(streams) < step:
                    some = min(20, step - len(streams))
                    new = await asyncio.gather(*(open_stream(port, session) for _ in range(some)))
                    streams += new
                    readers += [asyncio.create_task(drain(reader)) for reader, _ in new]
                await asyncio.sleep(3)
                numbers = ", ".join(f"{value:,} {name}" for name, value in held(server.pid).items())
                print(f"{step:>5} open streams: {numbers}", flush=True)
    upstream.close()


if __name__ == "__main__":
    asyncio.run(main([int(argument) for argument in sys.argv[1:]] or [10, 100, 300]))
