"""The head of a response, in which nothing begins a line of its own."""

import pytest
from twisted.web.http_headers import InvalidHeaderName

from chat.serving.response_head import head_of

PAGE = [(b"content-type", b"text/html"), (b"ETag", b'W/"1"'), (b"x-frame-options", b"DENY")]


def test_a_head_is_its_lines() -> None:
    said = b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: W/"1"\r\nX-Frame-Options: DENY\r\n'
    assert head_of(200, PAGE, {}) == said + b"\r\n"
    assert head_of(200, PAGE, {b"Content-Length": b"12"}) == said + b"Content-Length: 12\r\n\r\n"


def test_what_is_said_stays_so() -> None:
    head = head_of(200, [(b"content-length", b"3")], {b"Content-Length": b"4"})
    assert head == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"


def test_a_status_of_ones_own_has_some_words() -> None:
    assert head_of(599, [], {}) == b"HTTP/1.1 599 Unknown Status\r\n\r\n"


@pytest.mark.parametrize("value", [b"a\r\nSet-Cookie: b=c", b"a\nb", b"a\rb"])
def test_no_value_begins_a_line(value: bytes) -> None:
    assert head_of(200, [(b"Location", value)], {}) is None


@pytest.mark.parametrize("name", [b"", b"a b", b"a\r\nb", b"a:b"])
def test_no_name_is_something_else(name: bytes) -> None:
    with pytest.raises(InvalidHeaderName):
        head_of(200, [(name, b"1")], {})
