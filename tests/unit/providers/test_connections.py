"""Connections to a service are kept and used again, and one that it has closed meanwhile is no failure."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chat.errors import UpstreamUnreachable
from chat.providers import chunks, openai
from chat.providers.client import close_clients
from chat.providers.registry import registry

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENTS = [
    b'data: {"choices": [{"index": 0, "delta": {"content": "Yes"}, "finish_reason": null}]}\n\n',
    b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
]


class Service:
    """Keeps connections alive. `closes(number)`: what it does with one after so many answers on it."""

    def __init__(self, closes: Callable[[int], str]) -> None:
        self._closes = closes
        self.connections = self.requests = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        answered = 0
        while head := await self._head(reader):
            self.requests += 1
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            if self._closes(answered) == "unread":  # as if it had closed it before this came
                break
            writer.write(HEAD + b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in EVENTS) + b"0\r\n\r\n")
            answered += 1
            if self._closes(answered) == "idle":
                break
        writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            return b""


@asynccontextmanager
async def running(service: Service, settings: Any) -> AsyncIterator[None]:
    server = await asyncio.start_server(service.converse, "127.0.0.1", 0)
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    settings.CHAT_MODELS = ["m"]
    try:
        yield
    finally:
        await close_clients()
        server.close()


async def said() -> str:
    asked = openai.stream(registry().offered[0].key, [{"role": "user", "content": "Why?"}])
    return "".join([event.text async for event in asked if isinstance(event, chunks.Text)])


def five_in_turn(service: Service, settings: Any) -> list[str]:
    async def ask() -> list[str]:
        async with running(service, settings):
            answers = []
            for _ in range(5):
                answers.append(await said())
                await asyncio.sleep(0)
            return answers

    return asyncio.run(ask())


def test_questions_in_turn_use_one_connection(settings: Any) -> None:
    service = Service(lambda answered: "")
    assert five_in_turn(service, settings) == ["Yes"] * 5
    assert (service.connections, service.requests) == (1, 5)


@pytest.mark.parametrize("how", ["idle", "unread"])
def test_a_kept_connection_that_the_service_has_closed_is_no_failure(settings: Any, how: str) -> None:
    service = Service(lambda answered: how if answered else "")
    assert five_in_turn(service, settings) == ["Yes"] * 5
    assert service.connections == 5


def test_a_new_connection_that_is_closed_without_a_word_is_one(settings: Any) -> None:
    service = Service(lambda answered: "unread")

    async def ask() -> None:
        async with running(service, settings):
            await said()

    with pytest.raises(UpstreamUnreachable):
        asyncio.run(ask())
    assert service.requests == 1
