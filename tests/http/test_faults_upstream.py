"""The upstream refuses, dribbles or floods: one honest ending, a bounded memory, and no request too many."""

import email.utils
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chat.models import Generation
from tests.conftest import ClientFor, RunSite
from tests.support.client import Client
from tests.support.faults import grows_less_than, replayed
from tests.support.site import API_KEY, Site
from tests.support.upstream import (
    Close,
    Gate,
    Head,
    Raw,
    ScriptedUpstream,
    Step,
    answer,
    close,
    done,
    reset,
    say,
    status,
)

# It refuses

CODES = {
    400: "refused_by_upstream",
    401: "upstream_key",
    403: "upstream_key",
    404: "upstream_model",
    408: "upstream_down",
    409: "upstream_down",
    413: "upstream_too_long",
    422: "refused_by_upstream",
    429: "upstream_busy",
    500: "upstream_down",
    502: "upstream_down",
    503: "upstream_down",
    529: "upstream_down",
}
RETRIED = {408, 409, 429, 500, 502, 503, 529}


@pytest.mark.parametrize("code", CODES)
def test_each_refusal_ends_the_reply_with_its_own_sentence(
    alice: Client, upstream: ScriptedUpstream, question: str, code: int
) -> None:
    for _ in range(4):
        upstream.script(question, status(code, '{"error": {"message": "secret words"}}', Retry_After="0"))
    with alice.ask(question) as stream:
        assert replayed(alice, stream) == ("failed", "", CODES[code])
    assert b"secret words" not in stream.raw
    assert len(upstream.asked(question)) == (3 if code in RETRIED else 1)


@pytest.mark.parametrize("code", [402, 429])
def test_a_bill_is_no_limit_that_passes(alice: Client, upstream: ScriptedUpstream, question: str, code: int) -> None:
    """Of OpenAI's 429 the code tells the two apart (https://platform.openai.com/docs/guides/error-codes)."""
    words = '{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}'
    for _ in range(3):
        upstream.script(question, status(code, words, Retry_After="0"))
    with alice.ask(question) as stream:
        assert replayed(alice, stream) == ("failed", "", "upstream_credit")
    assert stream.page.end
    assert "out of credit" in stream.page.end["message"]
    assert len(upstream.asked(question)) == 1


@pytest.mark.parametrize(
    ("chosen", "code"), [({"max_tokens": 40}, "upstream_options"), ({"temperature": 0.5}, "refused_by_upstream")]
)
def test_a_refused_setting_is_named(
    alice: Client, upstream: ScriptedUpstream, question: str, chosen: dict[str, float], code: str
) -> None:
    """As api.openai.com refuses `max_tokens` for its reasoning models; the answer is retried with other settings."""
    words = "Unsupported parameter: 'max_tokens' is not supported with this model."
    upstream.script(question, status(400, f'{{"error": {{"message": "{words}"}}}}'))
    with alice.ask(question, settings=chosen) as stream:
        assert replayed(alice, stream) == ("failed", "", code)


def in_seconds(seconds: float) -> str:
    return email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def test_a_pause_that_is_given_as_a_date_is_kept(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, status(503, Retry_After=in_seconds(2)))  # whole seconds: one to two from now
    upstream.script(question, answer("At last"))
    began = time.monotonic()
    with alice.ask(question) as stream:
        assert stream.rest().text == "At last"
    assert 0.9 < time.monotonic() - began < 20
    assert replayed(alice, stream) == ("complete", "stop", "")
    assert len(upstream.asked(question)) == 2


@pytest.mark.parametrize("pause", ["Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 99 Foo", "soon", "-1", ""])
def test_a_pause_that_is_over_or_unreadable_is_a_short_one(
    alice: Client, upstream: ScriptedUpstream, question: str, pause: str
) -> None:
    upstream.script(question, status(429, Retry_After=pause))
    began = time.monotonic()
    with alice.ask(question) as stream:
        assert replayed(alice, stream) == ("complete", "stop", "")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("how", [reset(), close()], ids=["reset", "closed"])
def test_a_connection_lost_before_any_byte_is_not_tried_again(
    alice: Client, upstream: ScriptedUpstream, question: str, how: Close
) -> None:
    """The request may be running there already, and cost money."""
    upstream.script(question, *([how] if how.how == "reset" else [Raw(b"")]))
    upstream.script(question, answer("Twice"))
    with alice.ask(question) as stream:
        ended = replayed(alice, stream)
    assert ended[0] == "failed"
    assert len(upstream.asked(question)) == 1


# It cannot be reached


def test_a_name_that_does_not_exist_fails(client_for: ClientFor, run_site: RunSite, question: str) -> None:
    client = client_for(run_site(OPENAI_BASE_URL="http://model.invalid/v1"))
    with client.ask(question) as stream:
        assert replayed(client, stream) == ("failed", "", "unreachable")
    assert b"model.invalid" not in stream.raw, "The address is nothing for users"


class Listener:
    """A port that is spoken to over TLS. It answers in plain HTTP, or with the certificate that it is given."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.context: ssl.SSLContext | None = None
        self.accepted = 0
        self.received: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.accepted += 1
                connection.settimeout(5)
                with connection, suppress(OSError):
                    self.received.append(self._converse(connection))

    def _converse(self, connection: socket.socket) -> bytes:
        if not self.context:
            hello = connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return hello
        with self.context.wrap_socket(connection, server_side=True) as secured:
            return secured.recv(65536)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def secured(listener: Listener, run_site: RunSite, client_for: ClientFor) -> Client:
    """A client of a site whose upstream's address begins with https."""
    return client_for(run_site(OPENAI_BASE_URL=listener.url))


def test_an_upstream_that_speaks_no_tls_fails(secured: Client, listener: Listener, question: str) -> None:
    listener.context = None
    listener.received.clear()
    with secured.ask(question) as stream:
        assert replayed(secured, stream) == ("failed", "", "unreachable")
    assert listener.received
    assert all(API_KEY.encode() not in said and question.encode() not in said for said in listener.received)


def test_an_upstream_with_a_certificate_of_its_own_making_fails_and_never_sees_the_key(
    secured: Client, listener: Listener, question: str, tmp_path: Path
) -> None:
    listener.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    listener.context.load_cert_chain(self_signed(tmp_path))
    listener.accepted = 0
    listener.received.clear()
    with secured.ask(question) as stream:
        assert replayed(secured, stream) == ("failed", "", "unreachable")
    assert listener.accepted == 3
    assert not any(listener.received), "Something was sent over an untrusted connection"


def self_signed(folder: Path) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that nobody else vouches for."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "self-signed.pem"
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    return file


# It dribbles


DRIBBLES: dict[str, tuple[list[Step], bytes]] = {
    "in a line": ([Raw(b"data: {")], b" "),
    "in a comment": ([Raw(b":")], b"."),
    "in a line after text": ([say("Hello"), Raw(b"data: {")], b" "),
    "in empty lines after text": ([say("Hello")], b"\n"),
}


@pytest.mark.alone
@pytest.mark.parametrize("case", DRIBBLES)
def test_one_byte_at_a_time_for_ever_extends_no_deadline(
    hurried: Client, upstream: ScriptedUpstream, question: str, case: str
) -> None:
    begin, byte = DRIBBLES[case]
    gates = [Gate() for _ in range(60)]
    upstream.script(question, begin, [step for gate in gates for step in (gate, Raw(byte))])
    began = time.monotonic()
    with hurried.ask(question) as stream:
        asked = upstream.wait_asked(question)
        for gate in gates:
            if asked.closed.wait(0.04):  # the pace of the bytes, until the site has had enough
                break
            gate.open()
        assert stream.rest().text == ("Hello" if "after text" in case else "")
    assert time.monotonic() - began < 2.2
    assert replayed(hurried, stream) == ("failed", "", "timeout")
    asked.wait_closed(2)


# It floods

BLOCK = 65536
FLOODS: dict[str, tuple[list[Step], bytes]] = {
    "a line without an end": ([say("Hello")], b"x" * BLOCK),
    "a data line without an end": ([say("Hello"), Raw(b"data: ")], b"x" * BLOCK),
    "wide characters without an end": ([say("Hello"), Raw(b"data: ")], "😀".encode() * (BLOCK // 4)),
    "data lines without an event": ([say("Hello")], b"data: {}\n" * (BLOCK // 9)),
    "short lines without an event": ([say("Hello")], b"data:\n" * (BLOCK // 6)),
    "fields without an event": ([say("Hello")], b"id: 1234567890\n" * (BLOCK // 15)),
}
MEGABYTES = 300
ALLOWED = 160


@pytest.mark.parametrize("case", FLOODS)
def test_an_event_without_an_end_is_cut_off_and_memory_stays_bounded(
    alice: Client, site: Site, upstream: ScriptedUpstream, question: str, case: str
) -> None:
    begin, block = FLOODS[case]
    upstream.script(question, begin, [Raw(block)] * (MEGABYTES * 2**20 // BLOCK), Gate())
    with grows_less_than(site, ALLOWED), alice.ask(question) as stream:
        assert stream.rest().text == "Hello"
    assert replayed(alice, stream) == ("failed", "", "broken_answer")
    assert upstream.wait_asked(question).ended.wait(30), "The upstream was not closed"


@pytest.mark.parametrize("code", [400, 302])
def test_a_refusal_without_an_end_is_cut_off_and_memory_stays_bounded(
    alice: Client, site: Site, upstream: ScriptedUpstream, question: str, code: int
) -> None:
    head = Head(code, {"Content-Type": "application/json", "Retry-After": "99"})
    upstream.script(question, head, [Raw(b"x" * BLOCK)] * (MEGABYTES * 2**20 // BLOCK), Gate())
    with grows_less_than(site, ALLOWED), alice.ask(question) as stream:
        page = stream.rest()
    assert replayed(alice, stream)[0] == "failed"
    assert page.end
    assert page.end["code"] != "timeout", "It was read to its end, which never comes"
    assert upstream.wait_asked(question).ended.wait(30), "The upstream was not closed"


@pytest.mark.parametrize("reason", ["\\ud800", "st\\u0000op", "x" * 5000], ids=["surrogate", "NUL", "endless"])
def test_a_finish_reason_that_no_database_can_hold_ends_the_reply_all_the_same(
    alice: Client, upstream: ScriptedUpstream, question: str, reason: str
) -> None:
    chunk = f'data: {{"choices": [{{"index": 0, "delta": {{}}, "finish_reason": "{reason}"}}]}}\n\n'
    upstream.script(question, say("Whole."), Raw(chunk.encode()), done())
    page = alice.ask_whole(question)
    assert (page.text, page.end["status"]) == ("Whole.", "complete")
    assert Generation.objects.get().status == "complete"
