"""Following a reply by position, stopping it, and having it written again."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat.models import Conversation, Generation, Message
from tests.support.client import Client
from tests.support.sse import Page
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say, think

BEFORE = [["reasoning", "Hm… 🤔"], ["text", "Zwölf Boxkämpfer"]]
AFTER = [["reasoning", "Hm… 🤔"], ["text", "Zwölf Boxkämpfer jagen 😀."]]
LENGTH_BEFORE, LENGTH_AFTER = 21, 30


@pytest.fixture
def ended(alice: Client, upstream: ScriptedUpstream, question: str) -> str:
    """A generation that has ended, with the parts of AFTER."""
    upstream.script(question, think("Hm… 🤔"), answer("Zwölf Boxkämpfer", " jagen 😀."))
    page = alice.ask_whole(question)
    assert page.start
    assert (page.parts, page.position) == (AFTER, LENGTH_AFTER)
    return str(page.start["generation"])


def rest_of(parts: list[list[str]], position: int) -> list[list[str]]:
    rest = []
    for kind, text in parts:
        if len(text) > position:
            rest.append([kind, text[position:]])
        position = max(0, position - len(text))
    return rest


# By position


@pytest.mark.parametrize("how", ["last_event_id", "after"])
def test_resumes_after_every_position_of_a_stored_reply(alice: Client, ended: str, how: str) -> None:
    for position in range(LENGTH_AFTER + 1):
        with alice.follow(ended, **{how: position}) as stream:
            page = stream.rest()
        assert page.parts == rest_of(AFTER, position)
        assert stream.frames[0].retry == "1000"
        assert (stream.frames[1].event, stream.frames[1].id) == ("start", str(position))
        assert (stream.frames[-2].event, stream.frames[-2].id) == ("end", str(LENGTH_AFTER))
        assert stream.frames[-1].retry == "86400000", "Whoever has the ending need not come again"


def test_resumes_after_every_position_of_a_reply_that_is_being_written(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, think("Hm… 🤔"), say("Zwölf Boxkämpfer"), gate, answer(" jagen 😀."))
    with alice.ask(question) as stream:
        generation = stream.until_text("Zwölf Boxkämpfer").ids["generation"]
        followers = [alice.follow(generation, last_event_id=position) for position in range(LENGTH_BEFORE + 1)]
        for position, follower in enumerate(followers):
            while follower.page.position < LENGTH_BEFORE:
                next(iter(follower))
            assert follower.page.parts == rest_of(BEFORE, position)
        gate.open()
        for position, follower in enumerate(followers):
            assert follower.rest().parts == rest_of(AFTER, position)
            assert follower.events.count("end") == 1
        assert stream.rest().parts == AFTER


def test_without_a_position_everything_comes(alice: Client, ended: str) -> None:
    with alice.follow(ended) as stream:
        assert stream.rest().parts == AFTER
    assert "reset" not in stream.events


def test_last_event_id_wins_over_after(alice: Client, ended: str) -> None:
    assert alice.follow(ended, after=3, last_event_id=LENGTH_BEFORE).rest().parts == rest_of(AFTER, LENGTH_BEFORE)


def test_who_lost_only_the_ending_gets_only_that(alice: Client, ended: str) -> None:
    with alice.follow(ended, last_event_id=LENGTH_AFTER) as stream:
        stream.rest()
    assert stream.events == ["start", "end"]


BAD_POSITIONS = ["-1", str(LENGTH_AFTER + 1), "9" * 30, "1.5", "x", "null", "%00", "٣", "1 2"]


@pytest.mark.parametrize("position", BAD_POSITIONS)
def test_a_position_that_cannot_be_honoured_is_reset(alice: Client, ended: str, position: str) -> None:
    with alice.follow(ended, after=position) as stream:
        assert stream.rest().parts == AFTER
    assert stream.events[:2] == ["start", "reset"]
    reset = stream.frames[2]
    assert (reset.event, reset.id, reset.data) == ("reset", "0", {})
    assert stream.events.count("reset") == 1


@pytest.mark.parametrize("position", ["-1", "31", "x"])
def test_a_bad_last_event_id_is_reset_even_beside_a_good_after(alice: Client, ended: str, position: str) -> None:
    with alice.follow(ended, after=5, last_event_id=position) as stream:
        assert stream.rest().parts == AFTER
    assert "reset" in stream.events


def test_a_position_beyond_a_running_reply_is_reset(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("Hello"), gate, answer("!"))
    with alice.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        with alice.follow(generation, after=6) as follower:
            follower.until_text("Hello")
            gate.open()
            assert follower.rest().text == "Hello!"
        assert follower.events[:2] == ["start", "reset"]


def test_a_page_that_loses_its_stream_again_and_again_holds_what_is_stored(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    words = [f"{number} 😀 " for number in range(12)]
    gates = [Gate() for _ in words]
    steps = [step for word, gate in zip(words, gates, strict=True) for step in (say(word), gate)]
    upstream.script(question, steps, answer())
    page = Page()
    with alice.ask(question) as stream:
        generation = stream.ids["generation"]
    for number, gate in enumerate(gates):
        with alice.follow(generation, last_event_id=page.position) as follower:
            while page.text != "".join(words[: number + 1]):
                page.apply(next(iter(follower)))
        gate.open()
    with alice.follow(generation, last_event_id=page.position) as follower:
        for frame in follower:
            page.apply(frame)
    assert page.text == "".join(words) == Generation.objects.get(pk=generation).message.text
    assert page.end


def test_several_followers_see_the_same(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("Hello"), gate, [say(f" {number}") for number in range(500)], answer())
    with alice.ask(question) as stream:
        generation = stream.ids["generation"]
        followers = [alice.follow(generation) for _ in range(8)]
        gate.open()
        with ThreadPoolExecutor(8) as threads:
            texts = {page.text for page in threads.map(lambda follower: follower.rest(), followers)}
        assert texts == {stream.rest().text}


def test_head_of_a_stream_is_refused_at_once(alice: Client, ended: str) -> None:
    reply = alice.request("HEAD", f"/generations/{ended}/events/")
    assert (reply.status, reply.headers["Allow"], reply.body) == (405, "GET", b"")


def test_an_unknown_generation_is_not_found(alice: Client) -> None:
    for method, what in (("GET", "events"), ("POST", "cancellation")):
        reply = alice.request(method, f"/generations/{uuid.uuid4()}/{what}/", b"{}", "application/json")
        assert (reply.status, reply.code) == (404, "not_found")


# Stop


@pytest.mark.alone
def test_stop_ends_the_reply_and_closes_the_upstream(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("Hello"), gate, answer(", world"))
    with alice.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        stopped_at = time.monotonic()
        reply = alice.cancel(generation)
        assert reply.status == 202
        assert set(reply.json) == {"status"}
        asked = upstream.wait_asked(question)
        asked.wait_closed()
        assert asked.closed_at - stopped_at < 2
        page = stream.rest()
    assert page.text == "Hello"
    assert page.end
    assert page.end["status"] == "stopped"
    assert page.end["message"]
    stored = Generation.objects.get(pk=generation)
    assert (stored.status, stored.message.text) == ("stopped", "Hello")


def test_text_after_stop_never_appears(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("Hello"), gate, [say(" more") for _ in range(1000)], answer())
    with alice.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        with ThreadPoolExecutor(1) as threads:
            cancelling = threads.submit(alice.cancel, generation)
            gate.open()
            assert cancelling.result().status in (200, 202)
        page = stream.rest()
    upstream.wait_asked(question).ended.wait(30)
    again = alice.follow(generation).rest()
    assert again.text == page.text == Generation.objects.get(pk=generation).message.text
    assert again.end == page.end


def test_stop_before_the_first_piece(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, gate, answer("Hello"))
    with alice.ask(question) as stream:
        gate.wait_reached()
        assert alice.cancel(stream.ids["generation"]).status == 202
        page = stream.rest()
        upstream.wait_asked(question).wait_closed()
    assert page.end
    assert (page.text, page.end["status"]) == ("", "stopped")


def test_stop_by_the_id_that_it_was_asked_for_with(
    alice: Client, bob: Client, upstream: ScriptedUpstream, question: str
) -> None:
    """`start` may not have arrived yet, which tells that of the generation."""
    upstream.script(question, say("Hello"), Gate())
    asked, again = str(uuid.uuid4()), str(uuid.uuid4())
    assert alice.cancel(asked).status == 404  # it has not arrived
    with alice.ask(question, id=asked) as stream:
        stream.until_text("Hello")
        assert bob.cancel(asked).status == 404
        assert alice.cancel(asked).status == 202
        assert stream.rest().end["status"] == "stopped"
    assert alice.cancel(asked).json == {"status": "stopped"}
    upstream.script(question, say("Hello"), Gate())
    with alice.regenerate(stream.ids["message"], id=again) as stream:
        stream.until_text("Hello")
        assert alice.cancel(again).status == 202
        assert stream.rest().end["status"] == "stopped"


def test_stop_is_seen_by_every_follower(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("Hello"), Gate())
    with alice.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        followers = [alice.follow(generation, last_event_id=position) for position in (0, 3, 5)]
        alice.cancel(generation)
        ends = [follower.rest().end for follower in [stream, *followers]]
    assert [end and end["status"] for end in ends] == ["stopped"] * 4


def test_stop_twice_does_no_harm(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("Hello"), Gate())
    with alice.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        with ThreadPoolExecutor(4) as threads:
            statuses = {reply.status for reply in threads.map(alice.cancel, [generation] * 4)}
        assert statuses <= {200, 202}
        assert 202 in statuses
        assert (stream.rest().end or {})["status"] == "stopped"
    assert stream.events.count("end") == 1
    assert alice.cancel(generation).json == {"status": "stopped"}


def test_stop_after_the_end_changes_nothing(alice: Client, ended: str) -> None:
    reply = alice.cancel(ended)
    assert (reply.status, reply.json) == (200, {"status": "complete"})
    assert Generation.objects.get(pk=ended).status == "complete"


def test_after_stop_one_can_go_on(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("Hello"), Gate())
    with alice.ask(question) as stream:
        ids = stream.until_text("Hello").ids
        alice.cancel(ids["generation"])
        stream.rest()
    alice.ask_whole(question + " More", ids["conversation"], parent=ids["message"])
    (asked,) = upstream.asked(question + " More")
    assert [message["content"] for message in asked.json["messages"]] == [question, "Hello", question + " More"]


def test_stop_by_a_form_redirects_to_the_conversation(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Hello"), Gate())
    with alice.ask(question) as stream:
        ids = stream.until_text("Hello").ids
        reply = alice.post(f"/generations/{ids['generation']}/cancellation/", form={})
        assert (reply.status, reply.headers["Location"]) == (302, f"/c/{ids['conversation']}/")
        stream.rest()


def test_stop_needs_a_csrf_token(alice: Client, ended: str) -> None:
    reply = alice.post(f"/generations/{ended}/cancellation/", X_CSRFToken="")
    assert (reply.status, reply.code) == (403, "csrf")


# Again


def test_another_answer_is_a_sibling(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, answer("First"))
    upstream.script(question, answer("Second"))
    first = alice.ask_whole(question).start
    assert first
    new = str(uuid.uuid4())
    with alice.regenerate(first["message"], id=new) as stream:
        assert stream.rest().text == "Second"
    assert stream.ids["message"] == new
    assert stream.ids["parent"] == first["parent"]
    assert stream.ids["conversation"] == first["conversation"]
    siblings = Message.objects.get(pk=new).siblings()
    assert [(str(message.pk), message.text) for message in siblings] == [(first["message"], "First"), (new, "Second")]
    assert str(Conversation.objects.get(pk=first["conversation"]).current_id) == new


def test_another_answer_is_asked_with_the_branch_up_to_its_question(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    first = alice.ask_whole(question).start
    assert first
    second = alice.ask_whole(question + " More", first["conversation"], parent=first["message"]).start
    assert second
    alice.regenerate(second["message"]).rest()
    asked = upstream.wait_asked(question + " More", 2)
    assert [message["content"] for message in asked.json["messages"]] == [question, "An answer.", question + " More"]


@pytest.mark.parametrize("when", ["after the end", "at the same time"])
def test_another_answer_asked_for_again_is_the_same(
    alice: Client, upstream: ScriptedUpstream, question: str, when: str
) -> None:
    first = alice.ask_whole(question).start
    assert first
    gate = Gate()
    upstream.script(question, say("Se"), gate, answer("cond"))
    new = str(uuid.uuid4())
    if when == "after the end":
        gate.open()
        assert alice.regenerate(first["message"], id=new).rest().text == "Second"
        assert alice.regenerate(first["message"], id=new).rest().text == "Second"
    else:
        with ThreadPoolExecutor(5) as threads:
            posts = [threads.submit(alice.regenerate, first["message"], id=new) for _ in range(5)]
            streams = [post.result() for post in posts]
            gate.open()
            assert {page.text for page in threads.map(lambda stream: stream.rest(), streams)} == {"Second"}
    assert len(upstream.asked(question)) == 2
    assert Message.objects.filter(conversation=first["conversation"]).count() == 3


def test_another_answer_while_the_first_is_written_disturbs_neither(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("Fir"), gate, answer("st"))
    upstream.script(question, answer("Second"))
    with alice.ask(question) as stream:
        message = stream.until_text("Fir").ids["message"]
        assert alice.regenerate(message).rest().text == "Second"
        gate.open()
        assert stream.rest().text == "First"


def test_only_an_answer_can_be_written_again(alice: Client, question: str) -> None:
    ids = alice.ask_whole(question).start
    assert ids
    reply = alice.post(f"/messages/{ids['parent']}/regenerations/", {"id": str(uuid.uuid4())})
    assert (reply.status, reply.code) == (400, "bad_input")


def test_an_id_that_is_taken_is_a_conflict(alice: Client, question: str) -> None:
    ids = alice.ask_whole(question).start
    other = alice.ask_whole(question).start
    assert ids
    assert other
    for taken in (ids["message"], ids["parent"], other["message"]):
        reply = alice.post(f"/messages/{ids['message']}/regenerations/", {"id": taken})
        assert (reply.status, reply.code) == (409, "conflict")


@pytest.mark.parametrize("body", [{}, {"id": "x"}, {"id": 5}, {"id": None}, {"id": str(uuid.uuid4()), "model": "x"}])
def test_a_bad_wish_for_another_answer_is_refused(alice: Client, question: str, body: dict[str, object]) -> None:
    ids = alice.ask_whole(question).start
    assert ids
    reply = alice.post(f"/messages/{ids['message']}/regenerations/", body)
    assert (reply.status, reply.code) == (400, "bad_input")
    assert Message.objects.filter(conversation=ids["conversation"]).count() == 2


def test_somebody_elses_answer_cannot_be_written_again(alice: Client, bob: Client, question: str) -> None:
    ids = alice.ask_whole(question).start
    assert ids
    strange, unknown = (
        bob.post(f"/messages/{message}/regenerations/", {"id": str(uuid.uuid4())})
        for message in (ids["message"], uuid.uuid4())
    )
    assert (strange.status, strange.body) == (unknown.status, unknown.body)
    assert strange.status == 404


def test_an_id_of_somebody_elses_joins_nothing(alice: Client, bob: Client, question: str) -> None:
    theirs, mine = alice.ask_whole(question).start, bob.ask_whole(question).start
    assert theirs
    assert mine
    reply = bob.post(f"/messages/{mine['message']}/regenerations/", {"id": theirs["message"]})
    assert (reply.status, reply.code) == (404, "not_found")


def test_another_answer_by_a_form_redirects_to_the_conversation(alice: Client, question: str) -> None:
    ids = alice.ask_whole(question).start
    assert ids
    reply = alice.post(f"/messages/{ids['message']}/regenerations/", form={"id": str(uuid.uuid4())})
    assert (reply.status, reply.headers["Location"]) == (302, f"/c/{ids['conversation']}/")


def test_finish_and_text_in_any_order_keep_all_text(
    alice: Client, upstream: ScriptedUpstream, question: str, client_for: Callable[..., Client]
) -> None:
    upstream.script(question, say("Hello"), finish("stop"), say(", world"), done())
    page = alice.ask_whole(question)
    assert page.text == "Hello, world"
    assert page.end
    assert page.end["status"] == "complete"


def test_stop_counts_though_nobody_waits_for_its_answer(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Half"), Gate())
    stream = alice.ask(question).until_text("Half")
    alice.send_and_leave("POST", f"/generations/{stream.ids['generation']}/cancellation/")
    assert stream.rest().end["status"] == "stopped"
