"""Asking a public address for test streams, as a browser would, and recording what comes and when."""

import http.client
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlencode, urlsplit

from django.core.management.base import CommandError
from django.urls import reverse

from chat.core import sse
from chat.diagnostics.checkstream.findings import CERTIFICATE, NOT_HERE, SEE_LOGS, Unreachable
from chat.diagnostics.probe import Plan

LAST_EVENT_ID = "1234567"
FORM = "multipart/form-data; boundary=x"
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
EXPECT_SECONDS = 5.0
LARGEST = 65_536
"""Characters of an event, bytes of anything else that is read."""


@dataclass(frozen=True)
class Arrival:
    """An event, and when it came: in seconds since the request was sent."""

    at: float
    event: str
    data: dict[str, Any]

    @classmethod
    def of(cls, at: float, event: sse.Event) -> "Arrival":
        """Raises ValueError if it is none of the test stream's."""
        data = json.loads(event.data)
        if not isinstance(data, dict) or not isinstance(data.get("elapsed"), float):
            raise ValueError("not an event of the test stream")
        return cls(at, event.event, data)

    @property
    def sent(self) -> float:
        """Seconds since the beginning of the stream."""
        return float(self.data["elapsed"])

    @property
    def delay(self) -> float:
        """A constant (the stream began after our request), plus what this event took longer than the fastest."""
        return self.at - self.sent


@dataclass
class Recording:
    """What came for one request."""

    status: int
    headers: Message
    events: list[Arrival] = field(default_factory=list)
    body: bytes = b""
    """The beginning of what is no stream."""
    ended_at: float = 0.0
    has_run_out: bool = False
    """It did not end: we stopped waiting."""

    @property
    def is_stream(self) -> bool:
        return self.status == 200 and self.headers.get_content_type() == "text/event-stream"

    @property
    def coding(self) -> str:
        """How it is compressed, or nothing."""
        coding: str = self.headers.get("Content-Encoding", "").strip().lower()
        return "" if coding == "identity" else coding

    @property
    def error_code(self) -> str:
        """The code of one of the site's own errors (docs/protocol.md), or nothing."""
        try:
            return str(json.loads(self.body)["error"]["code"])
        except (ValueError, TypeError, KeyError):
            return ""

    @property
    def start(self) -> dict[str, Any]:
        return self.events[0].data

    @property
    def is_whole(self) -> bool:
        return bool(self.events) and self.events[-1].event == "end"


@dataclass(frozen=True)
class Address:
    """Where browsers reach the site."""

    url: SplitResult
    patience: float
    insecure: bool

    @classmethod
    def of(cls, url: str, patience: float, insecure: bool) -> "Address":
        """Only scheme, host and port of `url` count. Raises CommandError if it lacks one."""
        with suppress(ValueError):
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
                return cls(parts, patience, insecure)
        raise CommandError(f"{url} is not a whole address. Give one such as https://chat.example.org")

    def __str__(self) -> str:
        return f"{self.url.scheme}://{self.netloc}"

    @property
    def is_https(self) -> bool:
        return self.url.scheme == "https"

    @property
    def host(self) -> str:
        return self.url.hostname or ""

    @property
    def port(self) -> int:
        return self.url.port or self._usual_port

    @property
    def netloc(self) -> str:
        """Host and port as browsers write them in `Host` and `Origin`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == self._usual_port else f"{host}:{self.port}"

    @property
    def _usual_port(self) -> int:
        return 443 if self.is_https else 80

    def path(self, token: str) -> str:
        return f"{reverse('chat:test_stream')}?{urlencode({'token': token})}"

    def record(self, plan: Plan, token: str = "", *, encodings: str = "identity", until: str = "end") -> Recording:
        """Ask for a stream and read it up to an event, or to its end: for `plan.seconds` and our patience at most.

        Raises Unreachable if there is no answer.
        """
        path = self.path(token or plan.token())  # before the clock starts: the first reverse() takes a while
        with self._connection() as connection, _ended_after(plan.seconds + self.patience, connection) as has_run_out:
            began = time.monotonic()
            with self._answer(connection, path, encodings, has_run_out) as response:
                recording = Recording(response.status, response.headers)
                # How it ends does not matter: a cut is seen from what has not come.
                with suppress(OSError, http.client.HTTPException, ValueError):
                    _read(response, recording, began, until)
                recording.ended_at = time.monotonic() - began
                recording.has_run_out = has_run_out.is_set()
        return recording

    def takes_body(self, path: str, size: int) -> bool | None:
        """Is a POST let through whose body has so many bytes? None if nobody says. Raises Unreachable.

        The body is only announced (RFC 9110, section 10.1.1): who refuses it says so at once, others ask for it.
        """
        with self._connection() as connection:
            connection.putrequest("POST", path)
            for name, value in ("Content-Length", size), ("Content-Type", FORM), ("Expect", "100-continue"):
                connection.putheader(name, str(value))
            connection.endheaders()
            connection.sock.settimeout(min(self.patience, EXPECT_SECONDS))
            try:
                said = STATUS.match(connection.sock.recv(LARGEST))
            except OSError:
                return None
        return said[1] != b"413" if said else None

    def speaks_http2(self) -> bool:
        """Would a browser get HTTP/2 here? Raises Unreachable."""
        context = self._tls()
        context.set_alpn_protocols(["h2", "http/1.1"])
        try:
            with (
                socket.create_connection((self.host, self.port), self.patience) as plain,
                context.wrap_socket(plain, server_hostname=self.host) as tls,
            ):
                return tls.selected_alpn_protocol() == "h2"
        except OSError as error:
            self._give_up(error)

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.patience)
        if self.is_https:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=self.patience, context=self._tls())
        with closing(connection):
            try:
                connection.connect()
            except OSError as error:
                self._give_up(error)
            yield connection

    @contextmanager
    def _answer(
        self, connection: http.client.HTTPConnection, path: str, encodings: str, has_run_out: threading.Event
    ) -> Iterator[http.client.HTTPResponse]:
        headers = {
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": encodings,
            "Last-Event-ID": LAST_EVENT_ID,
        }
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._give_up(TimeoutError() if has_run_out.is_set() else error)
        with closing(response):
            if has_run_out.is_set():  # in the middle of the headers
                self._give_up(TimeoutError())
            yield response

    def _give_up(self, error: Exception) -> NoReturn:
        raise Unreachable(*self._reason(error)) from error

    def _reason(self, error: Exception) -> tuple[str, str]:
        """What happened, and what to do."""
        match error:
            case ssl.SSLCertVerificationError():
                return f"The certificate of {self.host} is not to be trusted: {error.verify_message}.", CERTIFICATE
            case ssl.SSLError():
                words = f"There is no TLS at {self.netloc} ({error.reason or error})."
                return words, "nginx: `listen 443 ssl`; or give http://, if plain HTTP is meant."
            case socket.gaierror():
                return f"The name {self.host} is not known ({error.strerror}).", "DNS: a record for this name."
            case ConnectionRefusedError():
                words = f"Nothing listens at {self.netloc}: the connection was refused."
                return words, f"start the proxy, or the site itself; let port {self.port} through the firewall."
            case TimeoutError():
                return f"{self.netloc} did not answer within {self.patience:g} s.", f"{NOT_HERE} And the firewall."
            case http.client.HTTPException() | ConnectionError():
                return f"{self.netloc} gave no proper answer ({type(error).__name__}).", SEE_LOGS
            case _:
                return f"{self.netloc} cannot be reached: {error}.", NOT_HERE


def _read(response: http.client.HTTPResponse, recording: Recording, began: float, until: str) -> None:
    """Add what comes to `recording`, as it comes."""
    if not recording.is_stream:
        recording.body = response.read(LARGEST)
        return
    decoder = sse.Decoder(LARGEST)
    while not recording.coding and (piece := response.read1(LARGEST)):
        at = time.monotonic() - began
        recording.events += [Arrival.of(at, event) for event in decoder.feed(piece)]
        if any(arrival.event == until for arrival in recording.events):
            return


@contextmanager
def _ended_after(seconds: float, connection: http.client.HTTPConnection) -> Iterator[threading.Event]:
    """Whatever the other side does, reading ends after `seconds`. The event tells whether it had to."""
    has_run_out = threading.Event()
    sock: socket.socket = connection.sock
    sock.settimeout(None)

    def end() -> None:
        has_run_out.set()
        with suppress(OSError):
            # Not the TLS layer's own method: another thread is reading there.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield has_run_out
    finally:
        timer.cancel()
        timer.join()
