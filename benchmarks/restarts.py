"""A rolling restart: processes behind a real nginx are restarted one after the other, while answers are written,
pages are opened and short questions are asked. What was cut and what failed is counted."""

import asyncio
import json
import ssl
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

from local_site import CSRF
from several import Process, Several

ANSWER = "bench:50000:240"
"""12 s: it is being written for some time after a process was told to end."""
SHORT = "bench:20000:25"
VISITORS = 4
PATIENCE = 120.0
FAULTS = 5
"""That are told of."""
NOTICE_SECONDS = 5
"""As in deploy/chatsite@.service."""

Figures = dict[str, Any]


class Clients:
    """Whoever uses the site through nginx, as any of the people in its database."""

    def __init__(self, several: Several, nginx: Any) -> None:
        self._port = int(nginx.url.rpartition(":")[2])
        self._tls = ssl.create_default_context(cafile=nginx.certificate)
        self._sessions = cycle(person.session for person in several.filled)
        self.seen: Counter[str] = Counter()
        self.faults: list[str] = []

    async def answer(self, text: str, begun: asyncio.Event | None = None) -> None:
        """Ask, and read all that comes."""
        kind = "answers" if begun else "questions"
        self.seen[kind] += 1
        try:
            body = json.dumps({"id": str(uuid.uuid4()), "text": text, "parent": None}).encode()
            async with self._sent("POST", f"/c/{uuid.uuid4()}/messages/", body) as reader:
                came = await reader.readuntil(b"event: text")
                if begun:
                    begun.set()
                came += await reader.read(-1)
            if b'"status":"complete"' not in came:
                raise ConnectionError(came[-300:].decode(errors="replace"))
        except (OSError, EOFError, asyncio.LimitOverrunError) as exc:
            self._fail(kind, exc)
        finally:
            if begun:
                begun.set()

    async def page(self) -> None:
        self.seen["pages"] += 1
        try:
            async with self._sent("GET", "/") as reader:
                if b"</html>" not in await reader.read(-1):
                    raise ConnectionError("it is not whole")
        except (OSError, EOFError) as exc:
            self._fail("pages", exc)

    async def visit(self, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            await self.page()
            await self.answer(f"In between? {SHORT}")

    @asynccontextmanager
    async def _sent(self, method: str, path: str, body: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await asyncio.open_connection("localhost", self._port, ssl=self._tls)
        try:
            writer.write(
                f"{method} {path} HTTP/1.1\r\nHost: localhost:{self._port}\r\nContent-Type: application/json\r\n"
                f"Origin: https://localhost:{self._port}\r\nConnection: close\r\nAccept-Language: en\r\n"
                f"Cookie: sessionid={next(self._sessions)}; csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            status = await reader.readline()
            if b" 200 " not in status:
                raise ConnectionError(f"{status!r} {(await reader.read(1000))!r}")
            yield reader
        finally:
            writer.close()

    def _fail(self, kind: str, exc: Exception) -> None:
        self.seen[f"{kind} that failed"] += 1
        self.faults.append(f"{kind}: {type(exc).__name__}: {exc}"[:300])


async def restart_each(several: Several, answers: int) -> Figures:
    from tests.support.nginx import Nginx

    with (
        tempfile.TemporaryDirectory() as folder,
        Nginx(Path(folder), *(process.port for process in several.processes)) as nginx,
    ):
        clients, is_over = Clients(several, nginx), asyncio.Event()
        visitors = [asyncio.create_task(clients.visit(is_over)) for _ in range(VISITORS)]
        seconds = []
        for process in several.processes:
            begun = [asyncio.Event() for _ in range(answers)]
            asked = [asyncio.create_task(clients.answer(ANSWER, each)) for each in begun]
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(each.wait() for each in begun))
                seconds.append(await restart(process))
                await asyncio.gather(*asked)
        is_over.set()
        await asyncio.gather(*visitors)
    return {**clients.seen, "seconds until it has ended": seconds, "faults": clients.faults[:FAULTS]}


async def restart(process: Process) -> float:
    """Returns how long it drained."""
    began = time.monotonic()
    process.terminate()
    while process.is_running:
        await asyncio.sleep(0.05)
    took = time.monotonic() - began
    process.launch()
    await asyncio.to_thread(process.wait_ready)
    return took
