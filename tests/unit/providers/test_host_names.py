"""A name server that does not answer."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from chat.providers.client import Client
from chat.providers.configuration import Provider
from chat.providers.host_names import THREADS

HANGS = "hangs.example"


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set when looks for HANGS are to fail at last; `localhost` is found."""
    over, look = threading.Event(), socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != HANGS:
            return look(host, *args, **kwargs)
        over.wait(30)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield over
    over.set()


def client_of(address: str) -> Client:
    return Client(Provider("p", address=address))


def test_it_keeps_no_thread_of_others_and_nobody_for_ever(
    hang: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.providers.client.CONNECT_SECONDS", 0.2)

    async def ask() -> None:
        hanging, near = client_of(f"http://{HANGS}/v1"), client_of("http://localhost:1/v1")
        asking = [asyncio.create_task(hanging.ask(b"{}")) for _ in range(40)]
        with pytest.raises(aiohttp.ClientConnectorError, match="localhost"):
            await near.ask(b"{}")
        names = [thread.name for thread in threading.enumerate() if thread.name.startswith("asyncio_")]
        assert names == []
        faults = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(fault) for fault in faults} == {aiohttp.ClientConnectorDNSError}
        for client in (hanging, near):
            await client.close()

    asyncio.run(ask())


def test_its_threads_are_few_and_go_with_the_client(hang: threading.Event) -> None:
    before = own_threads()

    async def ask() -> None:
        client = client_of(f"http://{HANGS}/v1")
        for _ in range(THREADS + 3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client._resolver.resolve(HANGS)
        assert len(own_threads() - before) == THREADS
        await client.close()

    asyncio.run(ask())
    hang.set()
    for thread in own_threads() - before:
        thread.join(30)
        assert not thread.is_alive()


def own_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("chat-host-names")}
