"""An HTTP client for tests: logged in through the ORM, reads streams piece by piece, keeps the raw bytes."""

import contextlib
import http.client
import json
import socket
import ssl
import time
import uuid
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore

from tests.support.sse import Frame, FrameReader, Page

PATIENCE = 60.0
"""Seconds that a response, or the next piece of a stream, may take: a file may be inspected for 20, after others."""
CSRF_SECRET = "c" * 32
_UNVERIFIED = ssl._create_unverified_context()


class Answer:
    """A response that has been read to its end."""

    def __init__(self, response: http.client.HTTPResponse, body: bytes) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"].startswith("application/json"), (self.status, self.body[:500])
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of an error response, which must have a sentence too."""
        error = self.json["error"]
        assert error["message"]
        return error["code"]


class Stream:
    """A response that is an event stream, read as it arrives. Closing it is what a closed page does."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response
        self._reader = FrameReader()
        self._waiting: list[Frame] = []
        self.status = response.status
        self.headers = response.headers
        self.raw = b""
        self.frames: list[Frame] = []
        self.page = Page()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, exc: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._response.close()
        self._connection.close()

    def __iter__(self) -> Iterator[Frame]:
        """The frames as they arrive, to the end of the stream. The page holds what they said."""
        while frame := self._next():
            yield frame

    def _next(self) -> Frame | None:
        while not self._waiting:
            try:
                piece = self._response.read1(65536)
            except TimeoutError:
                raise AssertionError(f"Nothing came for {PATIENCE} s; so far: {self.raw[-500:]!r}") from None
            if not piece:
                return None
            self.raw += piece
            self._waiting = self._reader.feed(piece)
        frame = self._waiting.pop(0)
        self.frames.append(frame)
        if frame.event == "start" and self.page.start is None:
            self.page.position = int(frame.id or 0)
        self.page.apply(frame)
        return frame

    def until_text(self, text: str) -> Self:
        """Read until the text received on this stream ends in `text`."""
        while not self.page.text.endswith(text):
            assert self._next(), f"The stream ended before {text!r}: {self.raw[-500:]!r}"
        return self

    def until(self, event: str) -> Frame:
        """Read up to the next frame with this event."""
        for frame in self:
            if frame.event == event:
                return frame
        raise AssertionError(f"The stream ended before {event!r}: {self.raw[-500:]!r}")

    def rest(self) -> Page:
        """Read to the end of the stream, which must come with an `end`."""
        for _ in self:
            pass
        assert self.page.end is not None, f"The stream ended without `end`: {self.raw[-500:]!r}"
        self.close()
        return self.page

    def until_lost(self) -> Page:
        """Read until the connection breaks, without an ending."""
        with contextlib.suppress(ConnectionError, http.client.HTTPException):
            for frame in self:
                assert frame.event != "end"
        self.close()
        return self.page

    @property
    def ids(self) -> dict[str, str]:
        """The data of `start`: who is who."""
        while self.page.start is None:
            assert self._next(), f"The stream ended before it started: {self.raw!r}"
        return self.page.start

    @property
    def events(self) -> list[str]:
        return [frame.event for frame in self.frames if frame.event]


class Client:
    """Somebody who talks to a site: `user`, or nobody."""

    def __init__(self, site_url: str, user: User | None = None, receive_buffer: int = 0, address: str = "") -> None:
        """`receive_buffer`: how many bytes the kernel may take for us that we have not read; 0: as it likes.

        `address`: from which we ask, such as 127.0.0.2.
        """
        self.receive_buffer = receive_buffer
        self.address = address
        self.scheme, _, place = site_url.partition("://")
        self.host, _, port = place.partition(":")
        self.port = int(port)
        self.user = user
        self.cookies = {"csrftoken": CSRF_SECRET}
        if user:
            self.cookies["sessionid"] = session_of(user)

    @property
    def url(self) -> str:
        """Its site's."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers=headers)

    def post(self, path: str, json: object = None, *, form: dict[str, str] | None = None, **headers: str) -> Answer:
        return self.request("POST", path, *_body(json, form), headers=headers)

    def request(
        self, method: str, path: str, body: bytes = b"", content_type: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        connection, response = self._send(method, path, body, content_type, headers or {})
        try:
            return Answer(response, response.read())
        finally:
            response.close()
            connection.close()

    def stream(self, method: str, path: str, json: object = None, **headers: str) -> Stream:
        """A response that must be a stream."""
        body, content_type = _body(json, None) if method == "POST" else (b"", "")
        connection, response = self._send(method, path, body, content_type, headers)
        if response.status != 200:
            text = response.read()
            connection.close()
            raise AssertionError(f"{method} {path} gave {response.status}: {text[:1000]!r}")
        return Stream(connection, response)

    # The requests of docs/protocol.md

    def ask(self, text: str, conversation: str | None = None, **fields: object) -> Stream:
        """Post a message. In a new conversation unless one is given; a fresh id unless one is given."""
        conversation = conversation or str(uuid.uuid4())
        return self.stream("POST", f"/c/{conversation}/messages/", question(text, **fields))

    def ask_whole(self, text: str, conversation: str | None = None, **fields: object) -> Page:
        return self.ask(text, conversation, **fields).rest()

    def regenerate(self, message: str, **fields: object) -> Stream:
        return self.stream("POST", f"/messages/{message}/regenerations/", {"id": str(uuid.uuid4())} | fields)

    def continue_(self, message: str, after: int | None = None, **fields: object) -> Stream:
        query = "" if after is None else f"?after={after}"
        return self.stream("POST", f"/messages/{message}/continuations/{query}", {"id": str(uuid.uuid4())} | fields)

    def follow(self, generation: str, after: object = None, last_event_id: object = None) -> Stream:
        query = "" if after is None else "?" + urlencode({"after": after})
        headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
        return self.stream("GET", f"/generations/{generation}/events/{query}", **headers)

    def refusal(self, path: str, json: object) -> Answer | None:
        """The answer to a POST that is refused; None if it is accepted, and then nobody follows its stream."""
        connection, response = self._send("POST", path, *_body(json, None), headers={})
        try:
            return None if response.status == 200 else Answer(response, response.read())
        finally:
            response.close()
            connection.close()

    def upload(self, content: bytes, name: str = "file", pk: str = "", **headers: str) -> Answer:
        """A file for a question that is yet to come; under a fresh id unless one is given."""
        body, content_type = multipart({"id": pk or str(uuid.uuid4())}, content, name)
        return self.request("POST", "/attachments/", body, content_type, headers)

    def attach(self, content: bytes, name: str = "file") -> str:
        """The id of a file that was uploaded."""
        answer = self.upload(content, name)
        assert answer.status == 201, answer.text
        return answer.json["id"]

    def cancel(self, generation: str) -> Answer:
        return self.post(f"/generations/{generation}/cancellation/")

    def post_unread(self, path: str, form: dict[str, str]) -> http.client.HTTPConnection:
        """A request whose answer is not waited for."""
        return self._ask("POST", path, *_body(None, form), headers={"Accept": "text/html"})

    def send_and_leave(self, method: str, path: str) -> None:
        """A request whose sender is gone once the server has begun with it."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", "Content-Length: 0"]
        lines += ["Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items())]
        lines += [f"X-CSRFToken: {self.cookies['csrftoken']}", "", ""]
        with socket.create_connection((self.host, self.port), timeout=PATIENCE) as connection:
            connection.sendall("\r\n".join(lines).encode())
            time.sleep(0.005)  # there is nothing to await: the server says nothing before it is through

    def _send(
        self, method: str, path: str, body: bytes, content_type: str, headers: dict[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = self._ask(method, path, body, content_type, headers)
        try:
            return connection, connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def _ask(
        self, method: str, path: str, body: bytes, content_type: str, headers: dict[str, str]
    ) -> http.client.HTTPConnection:
        sent = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-CSRFToken": self.cookies.get("csrftoken", ""),
            "Accept": "text/event-stream, application/json",
            "Content-Type": content_type,
        }
        # Keyword arguments cannot have hyphens; an empty header is not sent.
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        source = (self.address, 0) if self.address else None
        if self.scheme == "https":
            sent |= {"Origin": self.url}
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.host, self.port, timeout=PATIENCE, source_address=source, context=_UNVERIFIED
            )
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE, source_address=source)
        if self.receive_buffer:
            connection.sock = self._small_socket()
        try:
            connection.request(method, path, body, {name: value for name, value in sent.items() if value})
            return connection
        except BaseException:
            connection.close()
            raise

    def _small_socket(self) -> socket.socket:
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)  # before it connects
        small.settimeout(PATIENCE)
        small.connect((self.host, self.port))
        return small


def question(text: object, **fields: object) -> dict[str, object]:
    """The body of a message."""
    return {"id": str(uuid.uuid4()), "text": text, "parent": None} | fields


BOUNDARY = "what-stands-in-no-file-of-the-tests"


def multipart(fields: dict[str, str], content: bytes, name: str) -> tuple[bytes, str]:
    """The body of a form with a file, and its content type."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    parts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n')
    return "".join(
        parts
    ).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


def _body(data: object, form: dict[str, str] | None) -> tuple[bytes, str]:
    if form is not None:
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    return json.dumps({} if data is None else data).encode(), "application/json"


def session_of(user: User) -> str:
    """The key of a session as Django's own store writes it."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    assert session.session_key
    return session.session_key
