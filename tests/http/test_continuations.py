"""POST /messages/<uuid>/continuations/: an answer that was cut is written on, in the same message."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat.core.prompt import CONTINUE
from chat.models import Generation, Message
from tests.support.client import Client
from tests.support.endings import ending
from tests.support.upstream import Gate, ScriptedUpstream, Step, answer, close, done, finish, say, status, think


@pytest.fixture
def cut_off(alice: Client, upstream: ScriptedUpstream, question: str) -> dict[str, str]:
    """Who is who in an answer of Alice's that was cut at the length limit."""
    upstream.script(question, think("Hm"), say("Hel"), finish("length"), done())
    start = alice.ask_whole(question).start
    assert start
    return start


def test_writes_on_where_the_message_stopped(
    alice: Client, upstream: ScriptedUpstream, question: str, cut_off: dict[str, str]
) -> None:
    upstream.script(question, answer("lo", ", world"), what="continuation")
    new = str(uuid.uuid4())
    with alice.continue_(cut_off["message"], after=5, id=new) as stream:
        page = stream.rest()
    assert page.text == "lo, world"
    assert page.position == 14
    assert stream.ids == cut_off | {"generation": new}
    message = Message.objects.get(pk=cut_off["message"])
    assert (message.reasoning, message.text) == ("Hm", "Hello, world")
    assert [generation.status for generation in message.generations.order_by("number")] == ["length", "complete"]


def test_sends_all_when_no_position_is_given(
    alice: Client, upstream: ScriptedUpstream, question: str, cut_off: dict[str, str]
) -> None:
    upstream.script(question, answer("lo"), what="continuation")
    page = alice.continue_(cut_off["message"]).rest()
    assert page.parts == [["reasoning", "Hm"], ["text", "Hello"]]
    assert ending(page) == ("complete", "stop", "")


def test_asks_with_the_text_so_far(
    alice: Client, upstream: ScriptedUpstream, question: str, cut_off: dict[str, str]
) -> None:
    alice.continue_(cut_off["message"]).rest()
    assert upstream.wait_asked(question, what="continuation").json["messages"] == [
        {"role": "user", "content": question},
        {"role": "assistant", "content": "Hel"},
        {"role": "user", "content": CONTINUE},
    ]


def test_the_first_generation_still_ends_where_it_ended(alice: Client, cut_off: dict[str, str]) -> None:
    alice.continue_(cut_off["message"]).rest()
    page = alice.follow(cut_off["generation"]).rest()
    assert page.text == "Hel"
    assert (page.end or {})["status"] == "length"


@pytest.mark.parametrize("times", [1, 5])
def test_asked_for_again_it_is_the_same(
    alice: Client, upstream: ScriptedUpstream, question: str, cut_off: dict[str, str], times: int
) -> None:
    gate, new = Gate(), str(uuid.uuid4())
    upstream.script(question, gate, answer("lo"), what="continuation")
    with ThreadPoolExecutor(times) as threads:
        posts = [threads.submit(alice.continue_, cut_off["message"], id=new) for _ in range(times)]
        streams = [post.result() for post in posts]
        gate.open()
        assert {page.text for page in threads.map(lambda stream: stream.rest(), streams)} == {"Hello"}
    assert alice.continue_(cut_off["message"], id=new).rest().text == "Hello"
    assert len(upstream.asked(question, what="continuation")) == 1


def test_can_be_continued_again_and_again(
    alice: Client, upstream: ScriptedUpstream, question: str, cut_off: dict[str, str]
) -> None:
    for text in ("lo", ", wo"):
        upstream.script(question, say(text), finish("length"), done(), what="continuation")
        alice.continue_(cut_off["message"]).rest()
    upstream.script(question, answer("rld"), what="continuation")
    assert alice.continue_(cut_off["message"]).rest().text == "Hello, world"


def test_stopped_it_keeps_what_was_there(
    alice: Client, upstream: ScriptedUpstream, question: str, cut_off: dict[str, str]
) -> None:
    upstream.script(question, say("lo"), Gate(), what="continuation")
    with alice.continue_(cut_off["message"]) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        assert alice.cancel(generation).status == 202
        page = stream.rest()
    assert page.text == "Hello"
    assert ending(page)[0] == "stopped"


def test_failing_it_keeps_what_was_there(
    alice: Client, upstream: ScriptedUpstream, question: str, cut_off: dict[str, str]
) -> None:
    upstream.script(question, status(400), what="continuation")
    page = alice.continue_(cut_off["message"]).rest()
    assert page.text == "Hel"
    assert ending(page)[0] == "failed"
    upstream.script(question, answer("lo"), what="continuation")
    assert alice.continue_(cut_off["message"]).rest().text == "Hello"


def test_a_complete_answer_cannot_be_continued(alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    reply = alice.post(f"/messages/{start['message']}/continuations/", {"id": str(uuid.uuid4())})
    assert (reply.status, reply.code) == (409, "conflict")


def test_an_answer_without_a_word_cannot_be_continued(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, done())
    start = alice.ask_whole(question).start
    assert start
    assert alice.post(f"/messages/{start['message']}/continuations/", {"id": str(uuid.uuid4())}).status == 409


def test_a_question_cannot_be_continued(alice: Client, cut_off: dict[str, str]) -> None:
    reply = alice.post(f"/messages/{cut_off['parent']}/continuations/", {"id": str(uuid.uuid4())})
    assert reply.status in (400, 404, 409)
    assert reply.code


def test_an_answer_that_is_being_continued_is_not_continued_twice(
    alice: Client, upstream: ScriptedUpstream, question: str, cut_off: dict[str, str]
) -> None:
    gate = Gate()
    upstream.script(question, gate, answer("lo"), what="continuation")
    with alice.continue_(cut_off["message"]) as stream:
        gate.wait_reached()
        reply = alice.post(f"/messages/{cut_off['message']}/continuations/", {"id": str(uuid.uuid4())})
        assert (reply.status, reply.code) == (409, "conflict")
        gate.open()
        assert stream.rest().text == "Hello"
    assert Generation.objects.filter(message=cut_off["message"]).count() == 2


DECISIONS = [5, "yes", [], [5], [{}], [{"call": 5, "answer": "yes"}], [{"call": "a", "answer": "perhaps"}]]
DECISIONS += [[{"call": "a", "answer": "no", "reason": 5}], [{"call": "a", "answer": "no", "reason": "x" * 2_001}]]
DECISIONS += [[{"call": "what does not wait", "answer": "yes"}]]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "x"},
        {"id": None},
        {"id": str(uuid.uuid4()), "model": "x"},
        *({"id": str(uuid.uuid4()), "decisions": each} for each in DECISIONS),
    ],
)
def test_a_bad_wish_is_refused(alice: Client, cut_off: dict[str, str], body: dict[str, object]) -> None:
    reply = alice.post(f"/messages/{cut_off['message']}/continuations/", body)
    assert (reply.status, reply.code) == (400, "bad_input")


def test_somebody_elses_answer_cannot_be_continued(alice: Client, bob: Client, cut_off: dict[str, str]) -> None:
    reply = bob.post(f"/messages/{cut_off['message']}/continuations/", {"id": str(uuid.uuid4())})
    assert (reply.status, reply.code) == (404, "not_found")


def test_by_a_form_it_redirects_to_the_conversation(alice: Client, cut_off: dict[str, str]) -> None:
    reply = alice.post(f"/messages/{cut_off['message']}/continuations/", form={"id": str(uuid.uuid4())})
    assert (reply.status, reply.headers["Location"]) == (302, f"/c/{cut_off['conversation']}/")


@pytest.mark.parametrize("steps", [[done()], [finish("tool_calls"), done()], [finish("stop"), done()], [close()]])
def test_without_a_new_word_it_has_failed_and_can_be_tried_again(
    alice: Client, upstream: ScriptedUpstream, question: str, steps: list[Step]
) -> None:
    upstream.script(question, say("As far as "), close())
    message = alice.ask_whole(question).start["message"]
    upstream.script(question, steps, what="continuation")
    page = alice.continue_(message).rest()
    assert (page.text, page.end["status"]) == ("As far as ", "failed")
    upstream.script(question, answer("here."), what="continuation")
    page = alice.continue_(message).rest()
    assert (page.text, page.end["status"]) == ("As far as here.", "complete")
