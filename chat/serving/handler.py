"""Django's handler of ASGI requests, for a process that holds many open streams.

- Threads are few, however many requests there are (request_threads.py), and others where requests hash passwords or
  ask an identity provider (account_threads.py).
- Middleware and the end of a response change threads only where they may wait (middleware.py, signals.py).
- A stream's frames go to the server as they are.
- A body that says it is too large is refused before it is looked at.
- A static file that is not there is answered as it was before (missing_files.py).
- How the process is, and what it counts, is answered before anything else is looked at.
- A process that is about to end has its connections closed after each response (chat/generation/shutdown.py).

Whatever else Django's handler does, and in which order, stays; tests compare the two.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import IO, Any

from asgiref.sync import ThreadSensitiveContext
from django.core import signals as django_signals
from django.core.exceptions import RequestAborted
from django.core.handlers import asgi
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import set_script_prefix

from chat.conf import settings
from chat.diagnostics.health import health_answer
from chat.diagnostics.scrape import metrics_answer
from chat.failures.subject import request_id
from chat.generation.engine import engine
from chat.generation.shutdown import SECONDS as STORING_SECONDS
from chat.generation.shutdown import shutdown
from chat.generation.sweeps import start_sweeps
from chat.live import hints
from chat.live.event_stream import EventStream
from chat.serving import signals
from chat.serving.account_paths import AccountPaths, path_below_mount
from chat.serving.account_threads import AccountThreads, TooBusy, Turn
from chat.serving.addresses import address_key, client_address
from chat.serving.body_limits import body_limit, is_chats
from chat.serving.load_middleware import LoadsMiddleware
from chat.serving.refused_addresses import seconds_refused
from chat.serving.request_threads import RequestThreads
from chat.serving.requests import Request
from chat.views.errors import too_busy, too_large, too_many

CHUNK_BYTES = 65_536
"""Of a stream's frame, that go to the server at once."""

KEPT_BYTES = 65_536
"""Of a body, that stay in memory while it waits for its turn; a larger one lies in a file."""

MANY_DIGITS = 20
"""Of a length that is too large in any case; of thousands Python makes no number."""

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ASGIHandler(LoadsMiddleware):
    request_class = Request

    def __init__(self, *, limit_all_bodies: bool = False) -> None:
        """`limit_all_bodies`: whatever they are sent to, and not to the chat alone."""
        super().__init__()
        self._limit_all_bodies = limit_all_bodies
        self._threads = RequestThreads(settings.CHAT_REQUEST_THREADS)
        self._account_paths = AccountPaths()
        self._account_threads = AccountThreads("account")
        self._identity_threads = AccountThreads("identity")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if start_sweeps():
            engine.expect_end()
        match scope["type"]:
            case "http":
                hints.open_to_others()
                # Where the site is mounted is not for whoever asks to say: Django takes FORCE_SCRIPT_NAME.
                request_id.set(secrets.token_hex(8))
                shutdown.requests += 1
                try:
                    await self.handle({**scope, "root_path": ""}, receive, send)
                finally:
                    shutdown.requests -= 1
            case "lifespan":
                await self._live(receive, send)
            case "websocket":
                await send({"type": "websocket.close"})
            case kind:
                raise ValueError(f"There is no {kind} here")

    async def _live(self, receive: Receive, send: Send) -> None:
        """The lifespan of the process (https://asgi.readthedocs.io/en/latest/specs/lifespan.html)."""
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        with suppress(TimeoutError):
            async with asyncio.timeout(STORING_SECONDS):
                await engine.shut_down()
        await send({"type": "lifespan.shutdown.complete"})

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        """The whole body is here before a thread is taken: whoever sends slowly keeps none."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        path = path_below_mount(scope)
        if answer := health_answer(path):
            await self.send_response(await answer(scope["method"]), send)
            return
        if counted := metrics_answer(path, scope["headers"]):
            await self.send_response(counted, send)
            return
        if missing := self._missing_files.known_answer(scope):
            await self._send_missing(*missing, send)
            body.close()
            return
        if threads := self._threads_by_turn(path):
            await self._handle_in_turn(threads, scope, body, receive, send)
        else:
            async with self._threads.one():
                await self._handle(scope, body, receive, send)

    def _threads_by_turn(self, path: str) -> AccountThreads | None:
        if self._account_paths.asks_provider(path):
            return self._identity_threads
        return self._account_threads if self._account_paths.hashes(path) else None

    async def _handle_in_turn(
        self, threads: AccountThreads, scope: Message, body: Any, receive: Receive, send: Send
    ) -> None:
        if _length(body) > KEPT_BYTES:
            body.rollover()
        address = address_key(client_address(scope))
        if scope["method"] == "POST" and (seconds := seconds_refused(address, path_below_mount(scope))):
            await self._refuse(scope, body, send, partial(too_many, seconds=seconds))
            return
        leaving = asyncio.ensure_future(receive())
        try:
            turn = await threads.turn(address, leaving)
            try:
                async with ThreadSensitiveContext(executor=turn.thread):
                    await self._handle(scope, body, lambda: leaving, send, turn)
            finally:
                turn.end()
        except RequestAborted:
            pass
        except TooBusy:
            await self._refuse(scope, body, send, too_busy)
        finally:
            leaving.cancel()
            body.close()

    async def _refuse(
        self, scope: Message, body: Any, send: Send, refusal: Callable[[HttpRequest], HttpResponse]
    ) -> None:
        """In no thread: nothing of the request is looked at but which kind of answer it wants."""
        set_script_prefix(asgi.get_script_prefix(scope))
        request, fault = self.create_request(scope, body)
        await self.send_response(fault or refusal(request), send)
        body.close()

    async def _handle(self, scope: Message, body: Any, receive: Receive, send: Send, turn: Turn | None = None) -> None:
        """As Django's `handle`, but for the threads in which signals are sent."""
        set_script_prefix(asgi.get_script_prefix(scope))
        await signals.begin(type(self), scope)
        request, refusal = self.create_request(scope, body)
        if request is None:
            body.close()
            await self.send_response(refusal, send)
            await signals.close(refusal)
            return
        if missing := self._missing_files.answer_to(request, scope):
            await self.send_response(missing, send)
            await signals.close_unseen(missing)
            body.close()
            return
        request.turn = turn
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        answering = asyncio.create_task(self._answer(request, send))
        await asyncio.wait((leaving, answering), return_when=asyncio.FIRST_COMPLETED)
        if turn:
            await turn.until_over()
        for task in (leaving, answering):
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                continue
            try:
                task.result()
            except RequestAborted:
                pass
            except AssertionError:
                body.close()
                raise
        if answering.cancelled():
            # In its thread, as Django does: that may still read what was sent, such as a form.
            await django_signals.request_finished.asend(type(self))
        else:
            await signals.close(answering.result())
        body.close()

    async def _answer(self, request: Request, send: Send) -> HttpResponseBase:
        try:
            response: HttpResponseBase = await self.run_get_response(request)
        finally:
            request.end_turn()
        self._missing_files.keep(request, response)
        with suppress(asyncio.CancelledError):  # the client has left
            await self.send_response(response, send)
        return response

    def create_request(self, scope: Message, body_file: Any) -> Any:
        request, refusal = super().create_request(scope, body_file)
        if not request or max(_declared_length(request), _length(body_file)) <= body_limit(request.path):
            return request, refusal
        if self._limit_all_bodies or is_chats(request):
            return None, too_large(request)
        return request, refusal

    async def send_response(self, response: Any, send: Send) -> None:
        """A stream's frames go out as they are: Django would copy each, and keep the head to the end.

        Large ones go in chunks, as there: what a reader does not take waits here, where readers share it.
        """
        if isinstance(response, EventStream):
            shutdown.streams += 1
            try:
                await self._send_stream(response, send)
            finally:
                shutdown.streams -= 1
            return
        if shutdown.is_near:
            response["Connection"] = "close"
        if response.streaming or len(content := response.content) > CHUNK_BYTES:
            await super().send_response(response, send)
            return
        await send({"type": "http.response.start", "status": response.status_code, "headers": _head_of(response)})
        await send({"type": "http.response.body", "body": content})

    async def _send_missing(self, headers: Mapping[str, str], content: bytes, send: Send) -> None:
        """Of a static file: as `send_response`, of what is no response."""
        said = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        if shutdown.is_near:
            said.append((b"Connection", b"close"))
        await send({"type": "http.response.start", "status": 404, "headers": said})
        await send({"type": "http.response.body", "body": content})

    async def _send_stream(self, response: EventStream, send: Send) -> None:
        await send({"type": "http.response.start", "status": response.status_code, "headers": _head_of(response)})
        frames: Any = aiter(response)
        async with aclosing(frames):
            async for frame in frames:
                if len(frame) <= CHUNK_BYTES:
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
                    continue
                for begin in range(0, len(frame), CHUNK_BYTES):
                    chunk = frame[begin : begin + CHUNK_BYTES]
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})


def _head_of(response: Any) -> list[tuple[bytes, bytes]]:
    cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in (*response.items(), *cookies)]


def _length(body: IO[bytes]) -> int:
    """Of what came, which need not have been declared."""
    length = body.seek(0, os.SEEK_END)
    body.seek(0)
    return length


def _declared_length(request: HttpRequest) -> int:
    value: str = request.META.get("CONTENT_LENGTH", "")
    if not (value.isascii() and value.isdigit()):
        return 0
    return int(value) if len(value) < MANY_DIGITS else sys.maxsize
