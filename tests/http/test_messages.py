"""POST /c/<uuid>/messages/: a question is stored, asked once, and its answer streamed."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat.models import Conversation, Generation, Message
from tests.support.client import Client
from tests.support.client import question as body_of
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say, think, usage

HOSTILE = [
    "\n\nevent: end\ndata: {}\n\n",
    "data: x\r\rid: 999\r\nretry: 1\r\n\r\n",
    "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    "</script><script>alert(1)</script><!--",
    '{"text": "\\"}\n',
    "\ufeff\ufffe\u202e\u200f👩‍👩‍👧‍👦 e\u0301 \U0010ffff",
    "\x01\x02\x1b[31m\x7f",
]


# The stream


def test_answers_as_an_event_stream_that_nothing_between_may_hold_back(alice: Client, question: str) -> None:
    with alice.ask(question) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["Cache-Control"] == "no-store, no-transform"
        assert stream.headers["X-Accel-Buffering"] == "no"
        assert stream.headers["Content-Encoding"] == "identity"
        assert "Content-Length" not in stream.headers
        stream.rest()


def test_sends_exactly_the_frames_of_the_protocol(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("Grüße, "), gate, say("😀"), finish("stop"), usage(12, 211), done())
    conversation, asked = str(uuid.uuid4()), str(uuid.uuid4())
    with alice.ask(question, conversation, id=asked) as stream:
        stream.until_text("Grüße, ")
        gate.open()
        stream.rest()
    generation = Generation.objects.get(message__parent=asked)
    started = {
        "conversation": conversation,
        "message": str(generation.message_id),
        "parent": asked,
        "generation": str(generation.pk),
        "model": "gpt-4o-mini",
        "provider": "default",
        "title": question,
    }
    ended = {
        "status": "complete",
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 12, "completion_tokens": 211},
        "reasoning_ms": 0,
        "code": "",
        "message": "",
    }
    assert [(frame.retry, frame.id, frame.event, frame.data) for frame in stream.frames] == [
        ("1000", None, None, None),
        (None, "0", "start", started),
        (None, "7", "text", {"text": "Grüße, "}),
        (None, "8", "text", {"text": "😀"}),
        (None, "8", "end", ended),
        ("86400000", None, None, None),
    ]


def test_reasoning_has_events_and_positions_of_its_own(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, think("Hm… "), think("yes"), say("Yes"), finish(), done())
    with alice.ask(question) as stream:
        page = stream.rest()
    assert page.parts == [["reasoning", "Hm… yes"], ["text", "Yes"]]
    assert page.position == 10


def test_the_first_piece_is_sent_at_once(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("F"), gate, answer("irst"))
    with alice.ask(question) as stream:
        stream.until_text("F")  # nothing more comes before the gate opens
        gate.open()
        assert stream.rest().text == "First"


def test_a_fast_answer_comes_in_few_big_pieces(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, [say("word ") for _ in range(3000)], finish(), done())
    with alice.ask(question) as stream:
        assert stream.rest().text == "word " * 3000
    assert len(stream.events) < 500


# What is stored


def test_an_unknown_conversation_is_created(alice: Client, question: str) -> None:
    conversation = str(uuid.uuid4())
    alice.ask_whole(question, conversation)
    created = Conversation.objects.get(pk=conversation)
    assert created.owner == alice.user
    assert created.title == question
    assert [(message.role, message.text) for message in created.branch()] == [
        ("user", question),
        ("assistant", "An answer."),
    ]


def test_the_message_is_stored_before_the_upstream_is_asked(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, gate, answer("Yes"))
    asked = str(uuid.uuid4())
    with alice.ask(question, id=asked) as stream:
        gate.wait_reached()
        assert Message.objects.get(pk=asked).text == question
        assert Generation.objects.get(message__parent=asked).status == "running"
        gate.open()
        stream.rest()


def test_the_ending_is_stored_before_it_is_sent(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, think("hm"), say("Yes"), finish("stop"), usage(3, 4), done())
    with alice.ask(question) as stream:
        stream.until("end")
        generation = Generation.objects.get(pk=stream.ids["generation"])
    assert (generation.status, generation.finish_reason) == ("complete", "stop")
    assert (generation.prompt_tokens, generation.completion_tokens) == (3, 4)
    assert (generation.message.text, generation.message.reasoning) == ("Yes", "hm")
    assert generation.ends_at == 5
    assert generation.lease_until is None
    assert generation.created_at <= generation.first_piece_at <= generation.ended_at


def test_an_answer_is_completed_and_stored_when_the_browser_goes(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("Hello"), gate, answer(", world"))
    with alice.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
    gate.open()
    assert alice.follow(generation).rest().text == "Hello, world"
    assert Generation.objects.get(pk=generation).message.text == "Hello, world"


def test_an_answer_is_completed_when_the_browser_goes_before_the_first_piece(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, gate, answer("Hello"))
    with alice.ask(question) as stream:
        generation = stream.ids["generation"]
    gate.open()
    assert alice.follow(generation).rest().text == "Hello"


# Posted again


def test_posted_again_after_the_end_it_gives_the_same_reply(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("Only once"))
    conversation, asked = str(uuid.uuid4()), str(uuid.uuid4())
    first = alice.ask(question, conversation, id=asked)
    first.rest()
    second = alice.ask(question, conversation, id=asked)
    second.rest()
    assert (second.page.text, second.page.end) == ("Only once", first.page.end)
    assert second.ids == first.ids
    assert len(upstream.asked(question)) == 1


def test_posted_again_while_it_is_written_it_joins_the_reply(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("On"), gate, answer("ce"))
    conversation, asked = str(uuid.uuid4()), str(uuid.uuid4())
    with alice.ask(question, conversation, id=asked) as first, alice.ask(question, conversation, id=asked) as second:
        second.until_text("On")
        gate.open()
        assert first.rest().text == second.rest().text == "Once"
    assert first.ids == second.ids
    assert len(upstream.asked(question)) == 1


def test_posted_five_times_at_once_it_is_asked_once(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, gate, answer("Only once"))
    conversation, asked = str(uuid.uuid4()), str(uuid.uuid4())
    with ThreadPoolExecutor(5) as threads:
        posts = [threads.submit(alice.ask, question, conversation, id=asked) for _ in range(5)]
        streams = [post.result() for post in posts]
        gate.open()
        pages = list(threads.map(lambda stream: stream.rest(), streams))
    assert {page.text for page in pages} == {"Only once"}
    assert len({stream.ids["generation"] for stream in streams}) == 1
    assert len(upstream.asked(question)) == 1
    assert Message.objects.filter(conversation=conversation).count() == 2


def test_an_id_that_belongs_to_another_message_is_a_conflict(alice: Client, question: str) -> None:
    conversation, asked = str(uuid.uuid4()), str(uuid.uuid4())
    ids = alice.ask_whole(question, conversation, id=asked).start
    assert ids
    for path, body in (
        (conversation, body_of("Other words", id=asked)),
        (str(uuid.uuid4()), body_of(question, id=asked)),
        (conversation, body_of(question, id=asked, parent=ids["message"])),
        (conversation, body_of(question, id=ids["message"])),
    ):
        assert alice.post(f"/c/{path}/messages/", body).status == 409


# The tree


def test_a_question_follows_the_answer_that_is_its_parent(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    conversation = str(uuid.uuid4())
    first = alice.ask_whole(question, conversation).start
    assert first
    alice.ask_whole(question + " And why?", conversation, parent=first["message"])
    (asked,) = upstream.asked(question + " And why?")
    assert asked.json["messages"] == [
        {"role": "user", "content": question},
        {"role": "assistant", "content": "An answer."},
        {"role": "user", "content": question + " And why?"},
    ]


def test_an_edit_is_a_sibling_and_its_branch_alone_is_asked(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    conversation = str(uuid.uuid4())
    alice.ask_whole(question, conversation)
    edited = alice.ask_whole(question + " Edited", conversation).start
    assert edited
    (asked,) = upstream.asked(question + " Edited")
    assert [message["content"] for message in asked.json["messages"]] == [question + " Edited"]
    branch = Conversation.objects.get(pk=conversation).branch()
    assert str(branch[-1].pk) == edited["message"]
    assert branch[0].siblings().count() == 2


def test_a_question_waits_for_the_answer_above(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("Yes"), gate, answer())
    with alice.ask(question) as stream:
        ids = stream.ids
        reply = alice.post(f"/c/{ids['conversation']}/messages/", body_of("More", parent=ids["message"]))
        assert (reply.status, reply.code) == (409, "conflict")
        gate.open()
        stream.rest()


def test_two_tabs_may_ask_below_the_same_answer_at_once(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    first = alice.ask_whole(question).start
    assert first
    texts = [f"{question} Tab {number}" for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        pages = threads.map(lambda text: alice.ask_whole(text, first["conversation"], parent=first["message"]), texts)
        assert {page.text for page in pages} == {"An answer."}
    assert sorted(message.text for message in Message.objects.filter(parent=first["message"])) == texts
    assert [len(upstream.asked(text)) for text in texts] == [1, 1, 1, 1]


def test_a_question_from_a_page_that_is_behind_stores_nothing_and_says_where_the_conversation_ends(
    alice: Client, question: str
) -> None:
    first = alice.ask_whole(question).start
    conversation, leaf = first["conversation"], first["message"]
    came = alice.ask_whole("Meanwhile", conversation, parent=leaf, leaf=leaf).start["message"]
    came = alice.ask_whole("And on", conversation, parent=came, leaf=came).start["message"]
    stale = body_of("Behind", parent=leaf, leaf=leaf)
    reply = alice.post(f"/c/{conversation}/messages/", stale)
    assert (reply.status, reply.code, reply.json["error"]["leaf"]) == (409, "gone_on", came)
    assert Message.objects.filter(conversation=conversation).count() == 6
    # Its id stays free, and a branch that is made on purpose names no leaf.
    assert alice.ask_whole("Behind", conversation, id=stale["id"], parent=came, leaf=came).start
    assert alice.ask_whole("An edit", conversation, parent=leaf).start
    assert alice.ask_whole("Anywhere", conversation, parent=leaf, leaf=None).start


def test_a_retry_from_a_page_that_is_behind_joins_what_it_had_stored(alice: Client, question: str) -> None:
    first = alice.ask_whole("Before").start
    body = {"id": str(uuid.uuid4()), "parent": first["message"], "leaf": first["message"]}
    stored = alice.ask_whole(question, first["conversation"], **body).start
    alice.ask_whole("Further", first["conversation"], parent=stored["message"], leaf=stored["message"])
    assert alice.ask_whole(question, first["conversation"], **body).start["generation"] == stored["generation"]


@pytest.mark.parametrize("leaf", ["none", 7, "7c8d0a3e-4c51-4c0e-9d6e-2f6f5f1b1a10"])
def test_a_leaf_that_is_none_is_refused_or_ends_nothing(alice: Client, question: str, leaf: object) -> None:
    start = alice.ask_whole("Before").start
    body = body_of(question, parent=start["message"], leaf=leaf)
    answer = alice.refusal(f"/c/{start['conversation']}/messages/", body)
    assert (answer and answer.status) == (None if isinstance(leaf, str) and len(leaf) == 36 else 400)


def test_several_first_messages_at_once_create_one_conversation(alice: Client, question: str) -> None:
    conversation = str(uuid.uuid4())
    with ThreadPoolExecutor(4) as threads:
        pages = threads.map(lambda number: alice.ask_whole(f"{question} {number}", conversation), range(4))
        assert {page.text for page in pages} == {"An answer."}
    assert Message.objects.filter(conversation=conversation, parent=None).count() == 4


@pytest.mark.parametrize("parent", ["unknown", "question", "elsewhere"])
def test_a_parent_must_be_an_answer_of_the_conversation(alice: Client, question: str, parent: str) -> None:
    conversation = str(uuid.uuid4())
    ids = alice.ask_whole(question, conversation).start
    elsewhere = alice.ask_whole(question).start
    assert ids
    assert elsewhere
    parents = {"unknown": str(uuid.uuid4()), "question": ids["parent"], "elsewhere": elsewhere["message"]}
    reply = alice.post(f"/c/{conversation}/messages/", body_of("More", parent=parents[parent]))
    assert reply.status == (400 if parent == "question" else 404)
    assert reply.code
    assert Message.objects.filter(conversation=conversation).count() == 2


def test_a_parent_in_an_unknown_conversation_leaves_none_behind(alice: Client) -> None:
    conversation = str(uuid.uuid4())
    assert alice.post(f"/c/{conversation}/messages/", body_of("More", parent=str(uuid.uuid4()))).status == 404
    assert not Conversation.objects.filter(pk=conversation).exists()


# Text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_exactly_and_forges_nothing(
    alice: Client, upstream: ScriptedUpstream, question: str, text: str
) -> None:
    upstream.script(question + text, think(text), say(text), finish(), done())
    asked = str(uuid.uuid4())
    with alice.ask(question + text, id=asked) as stream:
        page = stream.rest()
    assert (page.reasoning, page.text) == (text, text)
    assert stream.events.count("end") == 1
    assert b"\r" not in stream.raw
    assert Message.objects.get(pk=asked).text == question + text
    assert Message.objects.get(parent=asked).text == text
    assert alice.follow(stream.ids["generation"]).rest().text == text


def test_nul_and_lone_surrogates_are_replaced_alike_everywhere(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    stored = question + "\ufffd|\ufffd"
    upstream.script(stored, say("a\0b\ud83d"), say("\ude00c\udc00"), finish(), done())
    asked = str(uuid.uuid4())
    body = json.dumps(body_of(question + "\0|\ud800", id=asked)).encode()
    assert b"\\ud800" in body
    stream = alice.stream("POST", f"/c/{uuid.uuid4()}/messages/", json.loads(body))
    assert stream.rest().text == "a\ufffdb😀c\ufffd"
    assert Message.objects.get(pk=asked).text == stored
    assert Message.objects.get(parent=asked).text == "a\ufffdb😀c\ufffd"
    assert len(upstream.asked(stored)) == 1


def test_text_is_not_stripped(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    text = f"  \n{question}\r\n  "
    asked = str(uuid.uuid4())
    alice.ask_whole(text, id=asked)
    assert Message.objects.get(pk=asked).text == text
    assert len(upstream.asked(text)) == 1
