"""The ASGI application: `python -m daphne chatsite.asgi:application`.

Django gives each ASGI request a thread of its own until its response ends, and the thread keeps its database
connection. An open stream would hold both for minutes. Here all requests share a few single-thread executors
(asgiref 3.13, `ThreadSensitiveContext(executor=…)`), so threads and connections stay bounded however many
streams are open.
"""

import gc
import logging
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from typing import Any

import django
from asgiref.sync import ThreadSensitiveContext

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 - needs the set-up above
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage  # noqa: E402
from django.core.handlers.asgi import ASGIHandler  # noqa: E402

from chat.generation.engine import engine  # noqa: E402
from chat.generation.recovery import start_sweeping  # noqa: E402
from chat.live.event_stream import EventStream  # noqa: E402
from chat.models.threads import with_usable_connection  # noqa: E402
from chat.retention.expiry import start_erasing_expired  # noqa: E402
from chat.serving.connections import check_connections_in_their_threads  # noqa: E402
from chat.serving.daphne import body_limit, improve_daphne  # noqa: E402
from chat.serving.middleware import spare_threads, view_step  # noqa: E402
from chat.serving.requests import Request  # noqa: E402
from chat.serving.sessions import read_users_plainly  # noqa: E402
from chat.views.errors import too_large  # noqa: E402
from chatsite.accounts import announce_first_signup  # noqa: E402

logger = logging.getLogger(__name__)

CHUNK_BYTES = 65_536
"""Of a stream's frame, that go to the server at once."""


class RequestThread(ThreadPoolExecutor):
    """One thread that serves the synchronous parts of many requests."""

    def __init__(self, number: int) -> None:
        super().__init__(max_workers=1, thread_name_prefix=f"request-{number}")
        self.waiting: set[Future[Any]] = set()
        """What it has yet to do; a new request goes where least waits."""

    def submit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> "Future[Any]":  # type: ignore[override]
        future = super().submit(with_usable_connection, function, *args, **kwargs)
        self.waiting.add(future)
        future.add_done_callback(self.waiting.discard)
        return future


class BoundedASGIHandler(ASGIHandler):
    """Django's handler with a bounded number of threads. It refuses a body that says it is too large."""

    request_class = Request

    def __init__(self) -> None:
        super().__init__()
        self._threads = [RequestThread(number) for number in range(settings.CHAT_REQUEST_THREADS)]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            raise ValueError(f"There is no {scope['type']} here")  # so a server learns that we have no lifespan
        thread = min(self._threads, key=lambda thread: len(thread.waiting))
        async with ThreadSensitiveContext(executor=thread):
            await self.handle(scope, receive, send)

    def adapt_method_mode(self, is_async: bool, method: Any, *args: Any, **kwargs: Any) -> Any:
        return (is_async and view_step(method)) or super().adapt_method_mode(is_async, method, *args, **kwargs)

    async def send_response(self, response: Any, send: Any) -> None:
        """A stream's frames go out as they are: Django would copy each, and keep the head to the end.

        Large ones go in chunks, as there: what a reader does not take waits here, where readers share it.
        """
        if not isinstance(response, EventStream):
            await super().send_response(response, send)
            return
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

    def create_request(self, scope: Any, body_file: Any) -> Any:
        request, refusal = super().create_request(scope, body_file)
        if request and _declared_length(request) > body_limit(request.path):
            return None, too_large(request)
        return request, refusal


def _head_of(response: Any) -> list[tuple[bytes, bytes]]:
    cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in (*response.items(), *cookies)]


def _declared_length(request: Any) -> int:
    value: str = request.META.get("CONTENT_LENGTH", "")
    return int(value) if value.isascii() and value.isdigit() else 0


def warn_of_missing_static_files() -> None:
    """Without them every page fails, which an operator should read here and not find out."""
    if isinstance(staticfiles_storage, ManifestStaticFilesStorage) and not staticfiles_storage.hashed_files:
        logger.error("The static files are missing, so no page can be shown. Run: manage.py collectstatic")


def collect_garbage_less_often() -> None:
    """Python's collector stops everything while it looks for cycles.

    By default it looks at all that was ever loaded, 158 ms at a time, three times while 300 streams were opened, and
    at the youngest every 700 objects, 0.2 s together. What is here by now stays, and need not be looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


improve_daphne()
spare_threads()
read_users_plainly()
check_connections_in_their_threads()
application = BoundedASGIHandler()
warn_of_missing_static_files()
announce_first_signup()
start_sweeping(alive=lambda: list(engine.runs))
start_erasing_expired()
collect_garbage_less_often()
