"""Where a service is asked whose address has a path, or none."""

import asyncio

import pytest

from chat.providers.client import Client
from chat.providers.configuration import Provider

ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("", "/chat/completions"),
        ("/", "/chat/completions"),
        ("/v1", "/v1/chat/completions"),
        ("/v1/", "/v1/chat/completions"),
        ("/a%20b/v1", "/a%20b/v1/chat/completions"),
    ],
)
def test_it_is_asked_at_its_host_and_below_its_path(path: str, asked: str) -> None:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.write(ANSWER)
        writer.close()

    async def ask() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = Client(Provider("p", address=f"http://127.0.0.1:{port}{path}"))
        assert (await client.ask(b"{}")).status == 404
        await client.close()
        server.close()

    asyncio.run(ask())
    assert heard == [f"POST {asked} HTTP/1.1\r\n".encode()]
