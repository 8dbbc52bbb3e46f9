"""What allowed a stream is found out where it is opened, whatever keeps the sessions and logs users in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends import file
from django.core.cache import cache
from django.db import connections
from django.test import AsyncClient
from django.utils import timezone

from chat.core.endings import Status
from chat.live import heartbeat
from chat.live.access import questions
from chat.live.access.watch import watch
from chat.models import Generation, threads
from tests.support.conversations import stored_conversation
from tests.support.sse import Frame, FrameReader

DJANGOS = "django.contrib.sessions.backends."
KEPT = [*(f"{DJANGOS}{name}" for name in ("db", "cached_db", "cache", "file")), "chat.serving.sessions"]
IN_COOKIE = f"{DJANGOS}signed_cookies"
IN_MEMORY = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
REMOTE_USER = {
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.RemoteUserMiddleware",
    ],
    "AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.RemoteUserBackend"],
}


@pytest.fixture
def generation(committed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Generation]:
    """One of "reader" that some other process writes."""
    monkeypatch.setattr(heartbeat, "LOOK_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(file.SessionStore, "_storage_path", str(tmp_path), raising=False)
    user = User.objects.create_user("reader", password="a password")
    _, messages = stored_conversation(user.pk, ["Hi", "Hello"])
    hour = timezone.now() + timedelta(hours=1)
    Generation.objects.update(status=Status.RUNNING, ends_at=None, lease_until=hour, ended_at=None)
    yield Generation.objects.get(message=messages[-1])
    cache.clear()
    questions._tell.clear()
    for pool in (threads.readers, threads._doorkeepers):
        for done in [pool.submit(connections.close_all) for _ in range(8)]:
            done.result()


@pytest.mark.parametrize("engine", [*KEPT, IN_COOKIE])
def test_a_new_password_ends_it_and_so_does_logging_out_where_sessions_are_kept(
    settings: Any, generation: Generation, engine: str
) -> None:
    settings.SESSION_ENGINE = engine
    settings.CACHES = IN_MEMORY

    async def log_out(client: AsyncClient) -> None:
        await client.alogout()

    assert asyncio.run(ended_by(generation, nothing)) is None
    assert asyncio.run(ended_by(generation, log_out)) == ("logged_out" if engine in KEPT else None)
    assert asyncio.run(ended_by(generation, change_password)) == "logged_out"


def test_whom_a_proxy_logs_in(settings: Any, generation: Generation) -> None:
    for name, value in REMOTE_USER.items():
        setattr(settings, name, value)

    def by_proxy(end: Callable[[AsyncClient], Awaitable[None]]) -> str | None:
        return asyncio.run(ended_by(generation, end, REMOTE_USER="reader"))

    async def come_without(client: Any) -> None:
        """Who comes without the proxy's word is logged out by the middleware."""
        client.defaults.pop("REMOTE_USER", None)
        assert (await client.get("/conversations/")).status_code == 401

    assert by_proxy(nothing) is None
    assert by_proxy(come_without) == "logged_out"
    assert by_proxy(deactivate) == "inactive"


async def nothing(client: AsyncClient) -> None:
    pass


async def change_password(client: AsyncClient) -> None:
    user = await User.objects.aget()
    user.set_password("another")
    await user.asave()


async def deactivate(client: AsyncClient) -> None:
    await User.objects.aupdate(is_active=False)


async def ended_by(
    generation: Generation, end: Callable[[AsyncClient], Awaitable[None]], **defaults: str
) -> str | None:
    """The code that ends a stream in that event, when it is asked next; None: it goes on."""
    async with asyncio.timeout(30):
        client: Any = AsyncClient(**defaults)  # type: ignore[arg-type] # what each request brings
        if not defaults:
            await client.aforce_login(await User.objects.aget())
        response: Any = await client.get(f"/generations/{generation.pk}/events/")
        assert response.status_code == 200, response.content
        frames: Any = frames_of(aiter(response))
        while (await anext(frames)).event != "text":
            pass
        await watch.check()
        await end(client)
        await watch.check()
        events = [(await anext(frames, None)) for _ in range(3)]  # between which there are comments
        await frames.aclose()
        return next((frame.data["code"] for frame in events if frame and frame.event == "gone"), None)


async def frames_of(pieces: Any) -> AsyncIterator[Frame]:
    reader = FrameReader()
    try:
        async for piece in pieces:
            for frame in reader.feed(piece):
                yield frame
    finally:
        await pieces.aclose()
