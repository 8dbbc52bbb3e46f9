"""Past a limit: a clear 4xx (or 503), and nothing lost, nothing left behind."""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest

from chat.models import Conversation, Generation, Message, ThrottleEntry
from chat.retention.erasure import erase
from chat.retention.expiry import forget_throttled
from tests.conftest import ClientFor, RunSite
from tests.support.client import Answer, Client, Stream, question
from tests.support.upstream import Gate, ScriptedUpstream, answer, say


def post(client: Client, conversation: str, asked: str, text: str = "Hello") -> Answer:
    return client.post(f"/c/{conversation}/messages/", question(text, id=asked))


def assert_nothing_is_left(conversation: str, asked: str) -> None:
    assert not Conversation.objects.filter(pk=conversation).exists()
    assert not Message.objects.filter(pk=asked).exists()


@pytest.fixture
def ids() -> tuple[str, str]:
    """A new conversation's and a new message's."""
    return str(uuid.uuid4()), str(uuid.uuid4())


# At once


@pytest.fixture
def five_running(alice: Client, upstream: ScriptedUpstream) -> Iterator[list[str]]:
    """Five answers of Alice's that are being written: as many as a user may have at once."""
    streams = []
    for number in range(5):
        text = f"Running {number} {uuid.uuid4()}"
        upstream.script(text, say("Hello"), Gate())
        streams.append(alice.ask(text).until_text("Hello"))
    yield [stream.ids["generation"] for stream in streams]
    for stream in streams:
        alice.cancel(stream.ids["generation"])
        stream.close()


def test_a_user_has_five_answers_written_at_once(
    alice: Client, bob: Client, five_running: list[str], ids: tuple[str, str]
) -> None:
    reply = post(alice, *ids)
    assert (reply.status, reply.code) == (429, "too_many")
    assert int(reply.headers["Retry-After"]) > 0
    assert_nothing_is_left(*ids)
    assert bob.ask_whole("Hello").text == "An answer."
    alice.cancel(five_running[0])
    alice.follow(five_running[0]).rest()
    assert alice.ask_whole("Hello", ids[0], id=ids[1]).text == "An answer."


def test_the_limit_counts_another_answer_too(alice: Client, five_running: list[str]) -> None:
    message = Generation.objects.get(pk=five_running[0]).message_id
    new = str(uuid.uuid4())
    reply = alice.post(f"/messages/{message}/regenerations/", {"id": new})
    assert (reply.status, reply.code) == (429, "too_many")
    assert not Message.objects.filter(pk=new).exists()


def test_at_the_limit_a_running_answer_can_still_be_joined(alice: Client, five_running: list[str]) -> None:
    asked = Generation.objects.get(pk=five_running[0]).message.parent
    assert asked
    with alice.ask(asked.text, str(asked.conversation_id), id=str(asked.pk)) as stream:
        assert stream.ids["generation"] == five_running[0]


def test_the_limit_holds_against_requests_at_the_same_time(alice: Client, upstream: ScriptedUpstream) -> None:
    texts = [f"At once {number} {uuid.uuid4()}" for number in range(12)]
    for text in texts:
        upstream.script(text, say("Hello"), Gate())

    def ask(text: str) -> None:
        # Where it is taken, a stream begins that does not end; who is refused is told at once.
        with suppress(AssertionError):
            alice.ask(text).close()

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(ask, texts))
    running = Generation.objects.filter(owner=alice.user, status="running")
    assert running.count() == 5
    assert Message.objects.filter(conversation__owner=alice.user, role="user").count() == 5
    for generation in list(running):
        alice.cancel(str(generation.pk))


def test_a_process_takes_so_many_at_once(
    client_for: ClientFor, run_site: RunSite, upstream: ScriptedUpstream, ids: tuple[str, str]
) -> None:
    site = run_site(CHAT_LIVE_PER_PROCESS="2")
    alice, bob = client_for(site), client_for(site)
    streams = []
    for number in range(2):
        text = f"Process {number} {uuid.uuid4()}"
        upstream.script(text, say("Hello"), Gate())
        streams.append(alice.ask(text).until_text("Hello"))
    reply = post(bob, *ids)
    assert (reply.status, reply.code) == (503, "unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert_nothing_is_left(*ids)
    for stream in streams:
        alice.cancel(stream.ids["generation"])
        stream.rest()
    assert bob.ask_whole("Hello", ids[0], id=ids[1]).text == "An answer."


# A minute


@pytest.fixture
def busy(run_site: RunSite, client_for: ClientFor) -> Client:
    """A client of a site that takes three messages a minute."""
    return client_for(run_site(CHAT_MESSAGES_PER_MINUTE="3", CHAT_MODELS="small, big"))


def test_a_user_sends_so_many_messages_a_minute(busy: Client, ids: tuple[str, str]) -> None:
    for _ in range(3):
        busy.ask_whole("Hello")
    reply = post(busy, *ids)
    assert (reply.status, reply.code) == (429, "too_many")
    assert 50 <= int(reply.headers["Retry-After"]) <= 60
    assert_nothing_is_left(*ids)
    ThrottleEntry.objects.filter(owner=busy.user).update(at="2020-01-01T00:00:00Z")  # a minute later
    assert busy.ask_whole("Hello", ids[0], id=ids[1]).text == "An answer."


def test_what_was_erased_counts_towards_the_minute(busy: Client, ids: tuple[str, str]) -> None:
    for _ in range(3):
        busy.ask_whole("Hello")
    erase(Conversation.with_deleted.filter(owner=busy.user))
    forget_throttled()
    assert post(busy, *ids).status == 429
    assert_nothing_is_left(*ids)
    ThrottleEntry.objects.filter(owner=busy.user).update(at="2120-01-01T00:00:00Z")  # by a clock that was wrong
    forget_throttled()
    assert not ThrottleEntry.objects.filter(owner=busy.user).exists()


def test_another_answer_counts_towards_the_minute(busy: Client, ids: tuple[str, str]) -> None:
    start = busy.ask_whole("Hello").start
    assert start
    for _ in range(2):
        busy.regenerate(start["message"]).rest()
    assert busy.post(f"/messages/{start['message']}/regenerations/", {"id": ids[1]}).status == 429
    assert post(busy, *ids).status == 429
    assert_nothing_is_left(*ids)


def test_what_was_refused_or_repeated_does_not_count(busy: Client, ids: tuple[str, str]) -> None:
    for _ in range(5):
        assert post(busy, str(uuid.uuid4()), str(uuid.uuid4()), text=" ").status == 400
    for _ in range(5):
        assert busy.ask_whole("Hello", ids[0], id=ids[1]).text == "An answer."
    assert busy.ask_whole("Hello").text == "An answer."


def test_one_users_minute_is_not_anothers(busy: Client, client_for: ClientFor, run_site: RunSite) -> None:
    for _ in range(3):
        busy.ask_whole("Hello")
    other = client_for(run_site(CHAT_MESSAGES_PER_MINUTE="3", CHAT_MODELS="small, big"))
    assert other.ask_whole("Hello").text == "An answer."


def test_a_form_over_a_limit_gets_a_page_with_the_draft(busy: Client, ids: tuple[str, str]) -> None:
    for _ in range(3):
        busy.ask_whole("Hello")
    form = {"id": ids[1], "text": "My long draft", "parent": ""}
    reply = busy.post(f"/c/{ids[0]}/messages/", form=form, Accept="text/html")
    assert reply.status == 429
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "Retry-After" in reply.headers
    assert "My long draft" in reply.text
    assert_nothing_is_left(*ids)


def test_the_first_model_is_the_default_and_each_can_be_picked(busy: Client, upstream: ScriptedUpstream) -> None:
    texts = [f"Which? {uuid.uuid4()}" for _ in range(2)]
    assert (busy.ask_whole(texts[0]).start or {})["model"] == "small"
    assert (busy.ask_whole(texts[1], model="big").start or {})["model"] == "big"
    assert [upstream.asked(text)[0].json["model"] for text in texts] == ["small", "big"]


# Too long


def test_a_message_of_the_longest_length_is_taken(alice: Client) -> None:
    asked = str(uuid.uuid4())
    text = "😀" * 100_000
    assert alice.ask_whole(text, id=asked).text == "An answer."
    assert Message.objects.get(pk=asked).text == text


def test_a_message_and_a_system_prompt_of_the_longest_length_are_taken_together(
    alice: Client, ids: tuple[str, str]
) -> None:
    text = "😀" * 100_000
    sent = question(text, id=ids[1], settings={"system_prompt": text})
    assert alice.post(f"/c/{ids[0]}/messages/", sent).status == 200
    assert Conversation.objects.get(pk=ids[0]).system_prompt == text


def test_a_message_too_long_is_refused(alice: Client, ids: tuple[str, str]) -> None:
    reply = post(alice, *ids, text="x" * 100_001)
    assert (reply.status, reply.code) == (413, "too_long")
    assert_nothing_is_left(*ids)
    assert post(alice, *ids, text="x").status == 200


def test_a_body_too_large_is_refused(alice: Client, ids: tuple[str, str]) -> None:
    reply = post(alice, *ids, text="x" * 2_600_000)
    assert (reply.status, reply.code) == (413, "too_long")
    assert_nothing_is_left(*ids)


def test_a_body_too_large_is_refused_whatever_the_address(alice: Client) -> None:
    body = b"x" * 2_600_000
    for path in (f"/messages/{uuid.uuid4()}/regenerations/", f"/generations/{uuid.uuid4()}/cancellation/"):
        assert alice.request("POST", path, body, "application/json").status == 413


def test_a_body_too_large_is_refused_though_it_does_not_say_how_large_it_is(
    alice: Client, ids: tuple[str, str]
) -> None:
    body = json.dumps(question("x" * 2_600_000, id=ids[1])).encode()
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    reply = alice.request(
        "POST", f"/c/{ids[0]}/messages/", chunked, "application/json", {"Transfer-Encoding": "chunked"}
    )
    assert (reply.status, reply.code) == (413, "too_long")
    assert_nothing_is_left(*ids)


def test_a_form_too_long_gets_a_page(alice: Client, ids: tuple[str, str]) -> None:
    form = {"id": ids[1], "text": "x" * 100_001, "parent": ""}
    reply = alice.post(f"/c/{ids[0]}/messages/", form=form, Accept="text/html")
    assert reply.status == 413
    assert reply.headers["Content-Type"].startswith("text/html")
    assert_nothing_is_left(*ids)


# Off


def test_a_limit_of_zero_is_off(client_for: ClientFor, run_site: RunSite, upstream: ScriptedUpstream) -> None:
    limits = ("LIVE_PER_USER", "LIVE_PER_PROCESS", "MESSAGES_PER_MINUTE", "INPUT_CHARS", "OUTPUT_CHARS")
    deadlines = ("FIRST_TOKEN_SECONDS", "IDLE_SECONDS", "TOTAL_SECONDS")
    client = client_for(run_site(**{f"CHAT_{name}": "0" for name in (*limits, *deadlines)}))
    streams = []
    for number in range(22):
        text = f"Unlimited {number} {uuid.uuid4()}"
        upstream.script(text, say("Hello"), Gate())
        streams.append(client.ask(text).until_text("Hello"))
    for stream in streams:
        client.cancel(stream.ids["generation"])
        assert (stream.rest().end or {})["status"] == "stopped"
    text = "x" * 300_000
    upstream.script(text, say(text))
    assert client.ask_whole(text).text == text


def test_a_user_has_so_many_streams_open_at_once(
    run_site: RunSite, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    site = run_site(CHAT_STREAMS_PER_USER="3")
    client, other = client_for(site), client_for(site)
    end = Gate()
    upstream.script(question, say("Half"), end, *answer("."))
    first = client.ask(question).until_text("Half")
    generation = first.ids["generation"]
    more = [client.follow(generation).until_text("Half") for _ in range(2)]
    refused = client.get(f"/generations/{generation}/events/")
    assert (refused.status, refused.code) == (429, "too_many")
    assert other.ask_whole("Am I free?").text == "An answer."
    end.open()
    for stream in (first, *more):
        assert stream.rest().text == "Half."
    assert client.follow(generation).rest().text == "Half."


def test_streams_that_are_asked_for_at_once_are_counted_too(
    run_site: RunSite, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(run_site(CHAT_STREAMS_PER_USER="3"))
    upstream.script(question, say("Half"), end := Gate(), *answer("."))
    first = client.ask(question).until_text("Half")
    path = f"/generations/{first.ids['generation']}/events/"
    barrier = Barrier(20)

    def follow(_: int) -> Stream | None:
        barrier.wait(30)
        with suppress(AssertionError):
            return client.stream("GET", path)
        return None

    with ThreadPoolExecutor(20) as threads:
        streams = [stream for stream in threads.map(follow, range(20)) if stream]
    assert len(streams) <= 2
    end.open()
    for stream in (first, *streams):
        assert stream.rest().text == "Half."
    assert client.stream("GET", path).rest().text == "Half."
