"""What goes to the socket of one connection, whatever the application says and when."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from twisted.internet.testing import StringTransport

from chat.serving.daphne import Server

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]

START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}
BODY: Message = {"type": "http.response.body", "body": b"Hello"}
GET = b"GET /search/?q=secret HTTP/1.1\r\nHost: localhost\r\n\r\n"


def sent(messages: list[Message], request: bytes = GET, *, fails: bool = False, **options: Any) -> bytes:
    """What an application that sends these, and fails then, or not, has the server send."""

    async def application(scope: Message, receive: Callable[[], Any], send: Send) -> None:
        for message in messages:
            await send(message)
        if fails:
            raise ValueError("It fails")

    async def ask() -> bytes:
        server = Server(application, endpoints=["tcp:0"], signal_handlers=False, **options)
        server.connections, server.http_factory = {}, None
        connection, transport = server.http_factory.buildProtocol(None), StringTransport()
        connection.makeConnection(transport)
        connection.dataReceived(request)
        for _ in range(10):
            await asyncio.sleep(0)
        server.application_checker()
        connection.connectionLost(None)
        value: bytes = transport.value()
        return value

    return asyncio.run(ask())


def test_a_whole_response_is_its_head_and_its_body() -> None:
    assert sent([START, BODY]) == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: daphne\r\n\r\nHello"
    without = {"type": "http.response.start", "status": 200}
    assert sent([without, BODY]) == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: daphne\r\n\r\nHello"


def test_it_is_what_comes_in_pieces() -> None:
    """But for the name of the server, which daphne writes in small letters, and for its place."""
    whole, pieces = sent([START, BODY]), sent([START, BODY | {"more_body": True}, BODY | {"body": b""}])
    assert sorted(whole.lower().splitlines()) == sorted(pieces.lower().splitlines())


@pytest.mark.parametrize("status", [204, 304])
def test_what_has_no_body_has_none(status: int) -> None:
    response = sent([START | {"status": status, "headers": []}, BODY])
    assert response.endswith(b"\r\nServer: daphne\r\n\r\n")
    assert b"Content-Length" not in response


def test_a_name_of_ones_own_stays() -> None:
    assert sent([START | {"headers": [(b"server", b"mine")]}, BODY]).lower().count(b"server: ") == 1
    assert b"Server" not in sent([START, BODY], server_name="")


def test_a_head_that_nobody_has_seen_gives_way_to_a_failure() -> None:
    response = sent([START], fails=True)
    assert response.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"Exception inside application." in response


def test_a_head_alone_is_not_sent() -> None:
    assert sent([START]) == b""


def test_who_wants_the_connection_closed_is_told_so() -> None:
    response = sent([START, BODY], GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert b"Connection: close\r\n" in response
    assert b"\r\nContent-Length: 5\r\n" in sent([START, BODY], GET.replace(b"1.1", b"1.0"))


def test_a_line_of_the_log_says_nothing_of_a_query() -> None:
    seen: list[tuple[str, str, Message]] = []
    sent([START, BODY], action_logger=lambda *line: seen.append(line))
    ((protocol, action, details),) = seen
    assert (protocol, action) == ("http", "complete")
    assert (details["method"], details["status"], details["size"]) == ("GET", 200, 5)
    assert "secret" not in details["path"]
