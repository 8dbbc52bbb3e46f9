"""A connection whose client sends many requests, or much, and takes nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from chat.serving.channel import Channel
from chat.serving.daphne import Server

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
PIECE: Message = {"type": "http.response.body", "body": b"Hello", "more_body": True}
LAST: Message = {"type": "http.response.body", "body": b"Hello"}
OK = b"HTTP/1.1 200 OK"


class Connection:
    """To a server whose application sends one piece of its response, and the rest when it may."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.clock, self.transport, self.begun = Clock(), StringTransport(), 0
        self._runner, self._may_end = runner, asyncio.Event()
        server = Server(self._application, endpoints=["tcp:0"], signal_handlers=False)
        server.connections, server.http_factory = {}, None
        self._protocol = server.http_factory.buildProtocol(None)
        channel: Channel = self._protocol._channel
        channel.callLater = self.clock.callLater
        self._protocol.makeConnection(self.transport)

    async def _application(self, scope: Message, receive: Callable[[], Any], send: Send) -> None:
        self.begun += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send(PIECE)
        await self._may_end.wait()
        await send(LAST)

    def receive(self, data: bytes) -> None:
        self._on_loop(self._protocol.dataReceived, data)

    def receive_each(self, data: bytes) -> None:
        """In packets of one byte."""
        for position in range(len(data) - 1):
            self._protocol.dataReceived(data[position : position + 1])
        self.receive(data[-1:])

    def end(self) -> None:
        self._on_loop(self._may_end.set)

    def leave(self) -> None:
        self._on_loop(self._protocol.connectionLost, None)

    def fill(self) -> None:
        """From now on more waits for the client than the transport's buffer takes."""
        self._on_loop(self.transport.producer.pauseProducing)

    def take(self) -> None:
        """The client takes all of it."""
        self._on_loop(self.transport.producer.resumeProducing)

    def _on_loop(self, call: Callable[..., Any], *arguments: Any) -> None:
        async def call_and_wait() -> None:
            call(*arguments)
            for _ in range(20):
                await asyncio.sleep(0)

        self._runner.run(call_and_wait())

    @property
    def is_read(self) -> bool:
        return bool(self.transport.producerState == "producing")

    @property
    def is_cut_off(self) -> bool:
        return bool(self.transport.disconnected)


@pytest.fixture
def connection(settings: Any) -> Iterator[Connection]:
    settings.CHAT_READER_SECONDS = 50
    with asyncio.Runner() as runner:
        connection = Connection(runner)
        yield connection
        connection.leave()


def test_no_further_request_is_begun_while_too_much_waits_for_its_client(connection: Connection) -> None:
    connection.receive(GET * 3)
    connection.fill()
    connection.end()
    assert (connection.begun, connection.is_read) == (1, False)
    connection.take()
    assert (connection.begun, connection.is_read) == (3, True)
    assert connection.transport.value().count(OK) == 3


def test_what_is_sent_while_a_response_is_not_taken_stays_with_the_client(connection: Connection) -> None:
    connection.receive(GET)
    connection.fill()
    assert not connection.is_read
    connection.take()
    assert connection.is_read, "It is seen when its client leaves"
    connection.receive(GET * 1000)
    assert not connection.is_read
    connection.fill()
    connection.take()
    assert not connection.is_read, "What has arrived waits already"


@pytest.mark.parametrize("ended", [False, True])
def test_who_takes_nothing_has_its_time_whether_or_not_the_response_is_whole(
    connection: Connection, ended: bool
) -> None:
    connection.receive(GET * 2 + GET[:20])
    connection.fill()
    if ended:
        connection.end()
    connection.clock.advance(49)
    assert not connection.is_cut_off
    connection.clock.advance(1)
    assert connection.is_cut_off
    assert b" 408 " not in connection.transport.value()


def test_who_takes_what_waits_has_its_time_anew(connection: Connection) -> None:
    connection.receive(GET)
    for _ in range(3):
        connection.fill()
        connection.clock.advance(49)
        connection.take()
    connection.clock.advance(1000)
    assert not connection.is_cut_off


def test_the_last_response_has_its_time_too(connection: Connection) -> None:
    connection.receive(GET.replace(b"1.1", b"1.0"))
    connection.end()
    assert connection.transport.disconnecting
    connection.clock.advance(50)
    assert connection.is_cut_off


def test_nothing_follows_a_request_that_daphne_refuses(connection: Connection) -> None:
    connection.receive(GET.replace(b"/ ", b"* ") * 3)
    assert connection.transport.value().count(b"HTTP/1.1 400 Bad Request") == 1
    assert b"\r\nConnection: close\r\n" in connection.transport.value()
    assert connection.transport.disconnecting


CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(("chunk", "status"), [(b"1\r\nx\r\n", b"400"), (b"10\r\n0123456789abcdef\r\n", b"200")])
def test_a_body_of_many_tiny_chunks_is_refused(connection: Connection, chunk: bytes, status: bytes) -> None:
    connection.receive(CHUNKED + chunk * 2000 + b"0\r\n\r\n")
    assert connection.transport.value().startswith(b"HTTP/1.1 " + status)
    assert connection.transport.disconnecting == (status == b"400")
    assert connection.begun == (status == b"200")


def test_a_body_of_a_few_tiny_chunks_is_taken(connection: Connection) -> None:
    connection.receive(CHUNKED + b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n")
    assert connection.transport.value().startswith(OK)


def test_how_many_packets_bring_a_body_of_known_length_does_not_matter(connection: Connection) -> None:
    connection.receive(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n")
    connection.receive_each(b"x" * 2000)
    assert connection.transport.value().startswith(OK)
