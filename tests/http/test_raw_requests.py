"""What a socket can say and no browser does. What only a proxy may say is not believed, and nothing is a 500."""

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, say

PATIENCE = 30.0
HOST = b"Host: 127.0.0.1"
LOGIN = b"GET /accounts/login/ HTTP/1.1"


def exchange(site: Site, *lines: bytes, body: bytes = b"") -> bytes:
    """All that comes back; empty if the connection is closed without a word."""
    with socket.create_connection(("127.0.0.1", site.port), PATIENCE) as connection:
        connection.sendall(b"\r\n".join([*lines, b"Connection: close", b"", body]))
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            received += piece
    return received


def status(response: bytes) -> int:
    """0: the connection was closed without a word."""
    return int(response.split(b" ", 2)[1]) if response else 0


def page(response: bytes) -> bytes:
    """Without what differs each time."""
    head, _, body = response.partition(b"\r\n\r\n")
    return re.sub(rb'(nonce|value)="[^"]+"', b"", body) + b"".join(re.findall(rb"(?i)location: .*", head))


VALUES = {
    "path": b"/evil",
    "address": b"https://evil.example/",
    "name": b"evil.example",
    "not ASCII": "/évil".encode(),
    "not UTF-8": b"\xff\xfe",
    "many": b"%2e%2e/" * 1000,
    "empty": b"",
    "number": b"9" * 5000,
    "list": b"https,http, 10.0.0.1",
}
OF_PROXIES = [
    *(
        b"Daphne-Root-Path",
        b"daphne-root-path",
        b"DAPHNE-ROOT-PATH",
        b"Daphne_Root_Path",
        b"Script-Name",
        b"SCRIPT_NAME",
    ),
    *(b"X-Forwarded-Host", b"X-Forwarded-Proto", b"X-Forwarded-For", b"X-Forwarded-Port", b"X-Forwarded-Prefix"),
    *(b"X_Forwarded_Host", b"X_Forwarded_Proto", b"Forwarded", b"X-Real-IP", b"X-Script-Name", b"X-Original-URL"),
    *(
        b"X-Rewrite-URL",
        b"X-Http-Method-Override",
        b"Root-Path",
        b"Remote-User",
        b"REMOTE_USER",
        b"Path-Info",
        b"Wsgi.Url_Scheme",
    ),
]


@pytest.mark.parametrize("name", OF_PROXIES, ids=bytes.decode)
def test_what_only_a_proxy_may_say_changes_nothing(site: Site, name: bytes) -> None:
    plain = page(exchange(site, LOGIN, HOST))
    assert b'href="/static/' in plain
    for value in VALUES.values():
        response = exchange(site, LOGIN, HOST, name + b": " + value)
        assert status(response) == 200, value
        assert page(response) == plain, value


READ = [b"Accept", b"Accept-Language", b"Cookie", b"Content-Type", b"Origin", b"Referer", b"If-None-Match", b"Range"]
READ += [b"If-Modified-Since", b"Last-Event-ID", b"X-CSRFToken", b"Accept-Encoding", b"Upgrade", b"Authorization"]
ADDRESSES = [b"/", b"/accounts/login/", b"/static/chat/css/none.css", b"/conversations/", b"/s/x/"]


@pytest.mark.parametrize("name", READ, ids=bytes.decode)
def test_no_value_of_a_header_that_is_read_is_a_server_error(site: Site, name: bytes) -> None:
    for value in [*VALUES.values(), b"sessionid=\xff; csrftoken=\xe9", b"text/html; charset=\xff", b"bytes=9-1,-,x"]:
        for address in ADDRESSES:
            assert status(exchange(site, b"GET " + address + b" HTTP/1.1", HOST, name + b": " + value)) < 500
        posted = exchange(site, b"POST /accounts/login/ HTTP/1.1", HOST, name + b": " + value, b"Content-Length: 0")
        assert status(posted) < 500


HANDSHAKE = [b"GET /accounts/login/ HTTP/1.1", HOST, b"Upgrade: websocket", b"Connection: Upgrade, close"]
HANDSHAKE += [b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]


def test_a_head_alone_is_that_of_the_page(site: Site) -> None:
    head, _, body = exchange(site, LOGIN, HOST).partition(b"\r\n\r\n")
    alone, _, nothing = exchange(site, LOGIN.replace(b"GET", b"HEAD"), HOST).partition(b"\r\n\r\n")
    assert sorted(_names(alone)) == sorted(_names(head))
    assert b"Content-Length" in _names(head)
    assert body
    assert not nothing


def test_who_knows_no_chunks_gets_all_and_the_end_of_the_connection(site: Site) -> None:
    old = exchange(site, LOGIN.replace(b"1.1", b"1.0"), HOST)
    assert status(old) == 200
    assert page(old) == page(exchange(site, LOGIN, HOST))


def test_requests_that_come_together_are_answered_in_turn(site: Site) -> None:
    paths = [b"/accounts/login/", b"/nothing-here/", b"/static/none", b"/accounts/login/"]
    asked = b"".join(b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path for path in paths)
    last = b"GET /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.port), PATIENCE) as connection:
        connection.sendall(asked + last)
        received = read_all(connection)
    assert re.findall(rb"HTTP/1\.1 (\d+) ", received) == [b"200", b"404", b"404", b"200", b"200"]


def _names(head: bytes) -> list[bytes]:
    return [line.partition(b":")[0] for line in head.split(b"\r\n")[1:]]


@pytest.mark.parametrize(
    "name", [b"Sec-WebSocket-Protocol", b"Daphne-Root-Path", b"Cookie", b"Origin", b"X-A"], ids=bytes.decode
)
def test_a_web_socket_is_turned_away_whatever_comes_with_it(site: Site, name: bytes) -> None:
    for value in VALUES.values():
        with socket.create_connection(("127.0.0.1", site.port), PATIENCE) as connection:
            connection.sendall(b"\r\n".join([*HANDSHAKE, name + b": " + value, b"", b""]))
            response = read_all(connection)
        assert status(response) in (0, 400, 403, 404), (value, response[:200])


TARGETS = {
    b"http://127.0.0.1/accounts/login/": 200,
    b"HTTPS://127.0.0.1/accounts/login/?next=/": 200,
    b"http://evil.example/accounts/login/": 400,
    b"http://127.0.0.1": 302,
    b"http:///accounts/login/": 400,
    b"//evil.example/accounts/login/": 404,
    b"/\\evil.example": 404,
    b"@evil.example/": 400,
    b"accounts/login/": 400,
    b"ftp://127.0.0.1/": 400,
    b"*": 400,
    b"127.0.0.1:443": 400,
    b"/%ff%fe/%00/": 404,
    b"/\xb0": 400,
    b"/\xff": 400,
    b"/?\xa0": 400,
    b"/" + b"a" * 10_000: 404,
    b"/" + b"a" * 17_000: 0,
}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: ascii(target[:40]))
def test_an_address_is_a_path_of_this_site_or_refused(site: Site, target: bytes) -> None:
    response = exchange(site, b"GET " + target + b" HTTP/1.1", HOST)
    assert status(response) == TARGETS[target], response[:300]
    assert b"evil.example" not in response.partition(b"\r\n\r\n")[0]


HEADS: dict[str, tuple[list[bytes], set[int]]] = {
    "no host": ([LOGIN], {200, 400}),
    "another host": ([LOGIN, b"Host: evil.example"], {400}),
    "two hosts": ([LOGIN, HOST, b"Host: evil.example"], {400}),
    "a host that is not ASCII": ([LOGIN, "Host: évil".encode()], {400}),
    "a host with a path": ([LOGIN, b"Host: 127.0.0.1/evil"], {400}),
    "a name with a blank": ([LOGIN, HOST, b"X-A : 1"], {400}),
    "a name that is not ASCII": ([LOGIN, HOST, "É: 1".encode()], {400}),
    "no colon": ([LOGIN, HOST, b"X-A"], {400}),
    "NUL": ([LOGIN, HOST, b"X-A: \0"], {400}),
    "a folded line": ([LOGIN, HOST, b"X-A: 1", b" 2"], {200, 400}),
    "a method that is not ASCII": (["GÉT / HTTP/1.1".encode(), HOST], {400}),
    "an unknown method": ([b"BREW /accounts/login/ HTTP/1.1", HOST], {400, 403, 405}),
    "a later version": ([b"GET / HTTP/2.0", HOST], {400}),
    "no version": ([b"GET /", HOST], {400}),
    "500 lines": ([LOGIN, HOST, *[b"X: 1"] * 498], {200}),
    "600 lines": ([LOGIN, HOST, *[b"X: 1"] * 600], {0, 400}),
    "17 kB": ([LOGIN, HOST, *[b"X: " + b"x" * 1000] * 17], {0, 400}),
    "17 kB in a line": ([LOGIN, HOST, b"X: " + b"x" * 17_000], {0, 400}),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_is_odd_is_read_as_it_is_or_refused(site: Site, name: str) -> None:
    lines, expected = HEADS[name]
    response = exchange(site, *lines)
    assert status(response) in expected, response[:300]
    assert b"evil.example" not in response


LENGTHS: dict[str, list[bytes]] = {
    "both": [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
    "both, the other way round": [b"Transfer-Encoding: chunked", b"Content-Length: 5"],
    "two lengths": [b"Content-Length: 5", b"Content-Length: 6"],
    "the same length twice": [b"Content-Length: 5", b"Content-Length: 5"],
    "a list of lengths": [b"Content-Length: 5, 5"],
    "a sign": [b"Content-Length: +5"],
    "negative": [b"Content-Length: -5"],
    "no decimal": [b"Content-Length: 0x5"],
    "an underscore": [b"Content-Length: 1_0"],
    "empty": [b"Content-Length: "],
    "not ASCII": ["Content-Length: ٥".encode()],
    "thousands of digits": [b"Content-Length: " + b"9" * 5000],
    "chunked twice": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    "chunked, then another": [b"Transfer-Encoding: chunked, gzip"],
    "another, then chunked": [b"Transfer-Encoding: gzip, chunked"],
    "unknown": [b"Transfer-Encoding: xchunked"],
    "a blank before the colon": [b"Transfer-Encoding : chunked"],
}
SMUGGLED = b"0\r\n\r\nGET /s/smuggled/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize("name", LENGTHS)
def test_a_body_whose_length_is_doubtful_is_refused(site: Site, name: str) -> None:
    response = exchange(site, b"POST /accounts/login/ HTTP/1.1", HOST, *LENGTHS[name], body=SMUGGLED)
    assert status(response) in (0, 400), response[:300]
    assert response.count(b"HTTP/1.1 ") <= 1, "What follows is no request of its own"


@pytest.mark.parametrize("body", [b"x\r\n", b"-1\r\n", b"5;" + b"x" * 2000 + b"\r\n", b"5\r\nHelloX\r\n"])
def test_chunks_that_are_none_are_refused(site: Site, body: bytes) -> None:
    lines = [b"POST /accounts/login/ HTTP/1.1", HOST, b"Transfer-Encoding: chunked"]
    assert status(exchange(site, *lines, body=body)) in (0, 400)


# Who sends by drips


@pytest.fixture
def hurried(run_site: RunSite, committed: None) -> Site:
    return run_site(CHAT_HEAD_SECONDS="1", CHAT_BODY_SECONDS="1")


BEGINNINGS = {
    "a line": b"G",
    "a head": LOGIN + b"\r\n",
    "a header": LOGIN + b"\r\nHost: 1",
    "a body": b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n",
    "chunks": b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "another request": LOGIN + b"\r\nHost: 127.0.0.1\r\n\r\nG",
}


@contextlib.contextmanager
def dripping(site: Site, beginning: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", site.port), 0.1) as connection:
        connection.sendall(beginning)
        yield connection


def drip(connection: socket.socket) -> bytes:
    """Sends a byte now and then until it is cut off: all that came back."""
    received, ends_at = b"", time.monotonic() + PATIENCE
    while time.monotonic() < ends_at:
        with contextlib.suppress(TimeoutError):
            try:
                connection.send(b"1")
                piece = connection.recv(65536)
            except ConnectionError:
                return received
            if not piece:
                return received
            received += piece
    raise AssertionError("It is held for ever")


@pytest.mark.parametrize("name", BEGINNINGS)
def test_who_sends_by_drips_is_cut_off(hurried: Site, name: str) -> None:
    with dripping(hurried, BEGINNINGS[name]) as connection:
        received = drip(connection)
    assert received.count(b"HTTP/1.1 408 ") == 1
    assert (b"HTTP/1.1 200 " in received) == (name == "another request")


def test_a_request_in_time_has_all_the_time_for_its_answer(
    hurried: Site, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    client, gate = client_for(hurried), Gate()
    upstream.script(question, say("Before"), gate, answer(", after."))
    with client.ask(question) as stream, dripping(hurried, BEGINNINGS["a body"]) as slow:
        stream.until_text("Before")
        assert b" 408 " in drip(slow)
        gate.open()
        assert stream.rest().text == "Before, after."


def test_slow_senders_do_not_keep_streams_from_their_ending(
    run_site: RunSite, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    site = run_site(own=True)
    client = client_for(site)
    upstream.script(question, say("Half"), Gate())
    with dripping(site, BEGINNINGS["a body"]), dripping(site, BEGINNINGS["a head"]), client.ask(question) as stream:
        stream.until_text("Half")
        site.terminate()
        assert (stream.rest().end or {})["status"] == "interrupted"
    assert "Traceback" not in site.log
