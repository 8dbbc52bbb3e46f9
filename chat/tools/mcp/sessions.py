"""The sessions of this process: one task for each server opens it, owns it and closes it; calls reach it by a queue.

A session is opened by the first call, closed when nothing uses it, and opened anew when it is found broken, before
anything is sent. What was sent and not answered is not sent again: nobody knows whether it was done. A server that
cannot be reached is asked again after a pause, and whoever calls it meanwhile hears so at once.
"""

import asyncio
import contextvars
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mcp import ClientSession, MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    REQUEST_TIMEOUT,
    CallToolResult,
)

from chat.conf import settings
from chat.failures import innermost, log_repeated
from chat.tools.base import ToolError, Unanswered
from chat.tools.mcp.configuration import Endpoint
from chat.tools.mcp.connection import CONNECT_SECONDS, connected, tools_of
from chat.tools.mcp.definitions import digests

logger = logging.getLogger(__name__)

WAITING = 100
"""Calls that one server may have waiting or running, of this process."""
MOST = 100
"""Sessions of a process: one a server, or one a server and user where servers are told who asks."""
IDLE_SECONDS = 60.0
"""After which a session that nothing uses is closed."""
FRESH_SECONDS = 5.0
"""A session that was used so lately is not asked first whether it is still there."""
PING_SECONDS = 3.0
CANCEL_SECONDS = 1.0
"""How long a call that is given up may take to say so to its server."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until a server that could not be reached is asked again; doubled each time."""
BROKEN = {CONNECTION_CLOSED, INVALID_REQUEST, REQUEST_TIMEOUT}
"""What the package says of a session that is none any more. Any other error is one call's alone."""
UNANSWERED = {CONNECTION_CLOSED, INTERNAL_ERROR, PARSE_ERROR, REQUEST_TIMEOUT}


class Away(ToolError):
    """The server cannot be reached."""


class Changed(ToolError):
    """The tool is not what staff have turned on."""


@dataclass(slots=True)
class _Call:
    name: str
    arguments: dict[str, Any]
    digest: str
    answer: asyncio.Future[CallToolResult] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Session:
    """With one server. For one event loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._calls: asyncio.Queue[_Call] = asyncio.Queue()
        self._number = 0
        self._task: asyncio.Task[None] | None = None
        self._pause = 0.0
        self._away_until = 0.0
        self._used_at = 0.0
        self._is_broken = False

    @property
    def is_idle(self) -> bool:
        return not self._number and (self._task is None or self._task.done())

    async def call(self, name: str, arguments: dict[str, Any], digest: str) -> CallToolResult:
        """What the tool answers, if it is the one of this digest. Raises ToolError."""
        if time.monotonic() < self._away_until:
            raise Away(self._sentence("cannot be reached just now"))
        if self._number >= WAITING:
            raise Away(self._sentence("has more to do than it can just now"))
        call = _Call(name, arguments, digest)
        self._number += 1
        try:
            self._calls.put_nowait(call)
            if self._task is None or self._task.done():
                self._task = asyncio.get_running_loop().create_task(self._run(), context=contextvars.Context())
            return await call.answer
        finally:
            self._number -= 1

    async def close(self) -> None:
        if self._task and not self._task.done():
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait({self._task}, timeout=CONNECT_SECONDS)

    async def _run(self) -> None:
        """Until nothing has used it for a while, or it broke."""
        while not self._calls.empty():
            self._is_broken = False
            try:
                await self._serve()
            except asyncio.CancelledError:
                self._refuse("is being closed")
                raise
            except BaseException as exc:  # anyio and the package raise groups of anything
                self._fails(exc)

    async def _serve(self) -> None:
        opening = asyncio.timeout(CONNECT_SECONDS)
        async with opening, connected(self.endpoint) as session:
            known = digests(await tools_of(session))
            opening.reschedule(None)
            self._pause = 0.0
            self._used_at = time.monotonic()
            await self._answer_calls(session, known)

    async def _answer_calls(self, session: ClientSession, known: dict[str, str]) -> None:
        running = set[asyncio.Task[None]]()
        try:
            while not self._is_broken:
                call = await self._next(running)
                if call is None:
                    return
                if self._is_broken or not await self._is_there(session):
                    self._calls.put_nowait(call)  # nothing was sent: another session takes it
                    return
                task = asyncio.create_task(self._answer(session, known, call))
                running.add(task)
                task.add_done_callback(running.discard)
                task.add_done_callback(partial(self._leave, call))
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()

    async def _next(self, running: set[asyncio.Task[None]]) -> _Call | None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    return await self._calls.get()
            if not running:
                return None

    async def _is_there(self, session: ClientSession) -> bool:
        """A server may have been restarted while nothing used the session."""
        if time.monotonic() - self._used_at < FRESH_SECONDS:
            return True
        try:
            async with asyncio.timeout(PING_SECONDS):
                await session.send_ping()
        except MCPError as exc:
            return exc.error.code == METHOD_NOT_FOUND  # which says that somebody is there
        except Exception:
            return False
        return True

    async def _answer(self, session: ClientSession, known: dict[str, str], call: _Call) -> None:
        if known.get(call.name) != call.digest:
            with suppress(Exception):
                known |= digests(await tools_of(session))
        if call.answer.done():
            return
        if known.get(call.name) != call.digest:
            self._end(call, Changed(self._sentence("has changed this tool, and staff have to look at it first")))
            return
        limit = settings.CHAT_TOOL_SECONDS or None
        sending = asyncio.create_task(session.call_tool(call.name, call.arguments, read_timeout_seconds=limit))
        try:
            await asyncio.wait({sending, call.answer}, return_when=asyncio.FIRST_COMPLETED)
        finally:  # whoever gave it up, or a session that has broken
            self._used_at = time.monotonic()
            sending.cancel()
            await asyncio.wait({sending}, timeout=CANCEL_SECONDS)
            self._settle(call, sending)

    def _settle(self, call: _Call, sending: "asyncio.Task[CallToolResult]") -> None:
        exc = sending.exception() if sending.done() and not sending.cancelled() else None
        if call.answer.done():  # nobody waits for it any more
            return
        if sending.done() and not sending.cancelled() and not exc:
            call.answer.set_result(sending.result())
            return
        code = exc.error.code if isinstance(exc, MCPError) else CONNECTION_CLOSED
        self._is_broken |= code in BROKEN
        self._used_at = 0.0  # before the next call it is asked whether it is still there
        said = f"said: {exc.error.message}" if isinstance(exc, MCPError) else "broke off the call"
        self._say("broke off a call", exc or ConnectionError())
        self._end(call, (Unanswered if code in UNANSWERED else ToolError)(self._sentence(said)))

    def _leave(self, call: _Call, _task: asyncio.Task[None]) -> None:
        """However it ended, nobody waits for it for ever."""
        self._end(call, Unanswered(self._sentence("broke off the call")))

    def _fails(self, exc: BaseException) -> None:
        self._pause = min(max(FIRST_PAUSE, 2 * self._pause), LONGEST_PAUSE)
        self._away_until = time.monotonic() + self._pause
        self._say("cannot be reached", exc)
        self._refuse("cannot be reached just now")

    def _refuse(self, what: str) -> None:
        while not self._calls.empty():
            self._end(self._calls.get_nowait(), Away(self._sentence(what)))

    def _end(self, call: _Call, error: ToolError) -> None:
        if not call.answer.done():
            call.answer.set_exception(error)

    def _sentence(self, what: str) -> str:
        return f"The server {self.endpoint.name} {what}."

    def _say(self, what: str, exc: BaseException) -> None:
        """Without what it said: that may be users' words."""
        line = "The MCP server %s %s: %s"
        key = (line, self.endpoint.name, what)
        log_repeated(logger, logging.WARNING, key, line, self.endpoint.name, what, type(innermost(exc)).__name__)


_sessions: dict[tuple[asyncio.AbstractEventLoop, Endpoint], Session] = {}


async def call(endpoint: Endpoint, name: str, arguments: dict[str, Any], digest: str) -> CallToolResult:
    """Raises ToolError. Whoever is cancelled has its call cancelled at the server, too."""
    key = asyncio.get_running_loop(), endpoint
    if key not in _sessions:
        _make_room()
        _sessions[key] = Session(endpoint)
    return await _sessions[key].call(name, arguments, digest)


def _make_room() -> None:
    if len(_sessions) >= MOST:
        for key in [key for key, session in _sessions.items() if session.is_idle]:
            del _sessions[key]
    if len(_sessions) >= MOST:
        raise Away("Too many servers are being asked just now.")


async def close_sessions() -> None:
    """Of this event loop."""
    loop = asyncio.get_running_loop()
    for key in [key for key in _sessions if key[0] is loop]:
        await _sessions.pop(key).close()
