"""POST /messages/<uuid>/feedback/: what its reader thinks of an answer."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from chat.models import Conversation, Feedback, Message
from tests.support.client import Answer, Client
from tests.support.conversations import stored_conversation
from tests.support.upstream import Gate, ScriptedUpstream, answer, say

UP: dict[str, Any] = {"value": "up"}


@pytest.fixture
def asked(alice: Client) -> tuple[Conversation, Message, Message]:
    """A conversation of Alice's, its question, its answer."""
    assert alice.user
    conversation, messages = stored_conversation(alice.user.pk, ["Why?", "Because."])
    return conversation, messages[0], messages[1]


@pytest.fixture
def message(asked: tuple[Conversation, Message, Message]) -> Message:
    return asked[2]


def rate(client: Client, message: object, body: object = UP) -> Answer:
    pk = message.pk if isinstance(message, Message) else message
    return client.post(f"/messages/{pk}/feedback/", body)


def stored() -> list[tuple[str, str]]:
    return list(Feedback.objects.values_list("value", "comment"))


# What is stored


@pytest.mark.parametrize("value", ["up", "down"])
def test_an_answer_is_good_or_bad(alice: Client, message: Message, value: str) -> None:
    reply = rate(alice, message, {"value": value, "comment": "  It says why.\n"})
    assert (reply.status, reply.json) == (200, {"value": value, "comment": "It says why."})
    assert stored() == [(value, "It says why.")]


def test_a_repeated_request_changes_nothing(alice: Client, message: Message) -> None:
    replies = [rate(alice, message, UP | {"comment": "Yes"}) for _ in range(3)]
    assert {(reply.status, reply.body) for reply in replies} == {(200, replies[0].body)}
    assert stored() == [("up", "Yes")]


def test_the_last_one_counts_and_a_comment_that_is_left_out_stays(alice: Client, message: Message) -> None:
    rate(alice, message, UP | {"comment": "Yes"})
    assert rate(alice, message, {"value": "down"}).json == {"value": "down", "comment": "Yes"}
    assert stored() == [("down", "Yes")]
    assert rate(alice, message, {"value": "down", "comment": ""}).json == {"value": "down", "comment": ""}
    assert stored() == [("down", "")]


def test_to_withdraw_deletes_it_and_its_comment(alice: Client, message: Message) -> None:
    rate(alice, message, UP | {"comment": "Yes"})
    for _ in range(2):
        reply = rate(alice, message, {"value": "", "comment": "No"})
        assert (reply.status, reply.json) == (200, {"value": "", "comment": ""})
        assert stored() == []
    assert rate(alice, message).json == {"value": "up", "comment": ""}


def test_it_is_known_when_it_was_first_given_and_when_last(alice: Client, message: Message) -> None:
    rate(alice, message)
    first = Feedback.objects.get()
    rate(alice, message, {"value": "down"})
    last = Feedback.objects.get()
    assert last.created_at == first.created_at
    assert last.updated_at > first.updated_at


def test_what_no_database_holds_is_replaced(alice: Client, message: Message) -> None:
    assert rate(alice, message, UP | {"comment": "a\0\ud800"}).json["comment"] == "a\ufffd\ufffd"


def test_the_database_itself_keeps_to_one_good_or_bad_for_an_answer(message: Message) -> None:
    Feedback.objects.create(message=message, value="up")
    for value, of in (("sideways", Message.objects.exclude(pk=message.pk).first()), ("down", message)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Feedback.objects.create(message=of, value=value)


# What is refused. That it is the owner's alone: tests/http/test_permissions.py, and here for an answer that has ended


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "bad_input"),
        ({"value": "sideways"}, 400, "bad_input"),
        ({"value": "UP"}, 400, "bad_input"),
        ({"value": None}, 400, "bad_input"),
        ({"value": 1}, 400, "bad_input"),
        ({"value": "up", "comment": ["x"]}, 400, "bad_input"),
        (["up"], 400, "bad_input"),
        ({"value": "up", "comment": "x" * 2001}, 413, "too_long"),
        ({"value": "up", "comment": "😀" * 2001}, 413, "too_long"),
    ],
)
def test_what_is_none_is_refused_and_what_was_there_stays(
    alice: Client, message: Message, body: object, status: int, code: str
) -> None:
    rate(alice, message, UP | {"comment": "Yes"})
    reply = rate(alice, message, body)
    assert (reply.status, reply.code) == (status, code)
    assert stored() == [("up", "Yes")]


@pytest.mark.parametrize("comment", ["x" * 2000, "😀" * 2000, " " + "x" * 2000 + "\n"])
def test_a_comment_may_have_2000_characters(alice: Client, message: Message, comment: str) -> None:
    assert rate(alice, message, UP | {"comment": comment}).status == 200
    assert stored() == [("up", comment.strip())]


@pytest.mark.parametrize("comment", [{}, {"comment": None}])
def test_a_comment_may_be_left_out(alice: Client, message: Message, comment: dict[str, None]) -> None:
    rate(alice, message, UP | {"comment": "Yes"})
    assert rate(alice, message, UP | comment).json["comment"] == "Yes"


def test_somebody_elses_answer_and_an_unknown_one_look_the_same(alice: Client, bob: Client, message: Message) -> None:
    replies = [rate(bob, pk) for pk in (message.pk, uuid.uuid4())]
    assert [(reply.status, reply.code) for reply in replies] == [(404, "not_found")] * 2
    assert replies[0].body == replies[1].body
    assert stored() == []
    assert rate(alice, message).status == 200, "Proves that it could be given"


def test_nobody_gives_any(nobody: Client, message: Message) -> None:
    assert (rate(nobody, message).status, stored()) == (401, [])


def test_a_question_gets_none(alice: Client, asked: tuple[Conversation, Message, Message]) -> None:
    assert (rate(alice, asked[1]).code, stored()) == ("bad_input", [])


def test_an_answer_that_is_being_written_gets_none_until_it_has_ended(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("Be"), gate, *answer("cause."))
    with alice.ask(question) as stream:
        pk = stream.until_text("Be").ids["message"]
        assert (rate(alice, pk).status, stored()) == (409, [])
        gate.open()
        stream.rest()
    assert (rate(alice, pk).status, stored()) == (200, [("up", "")])


# The page, without JavaScript


def submit(client: Client, message: Message, **fields: str) -> Answer:
    form = {"csrfmiddlewaretoken": "c" * 32} | fields
    return client.post(f"/messages/{message.pk}/feedback/", form=form, Accept="text/html")


def test_a_plain_form_is_redirected_to_the_conversation_which_shows_it(
    alice: Client, asked: tuple[Conversation, Message, Message]
) -> None:
    conversation, _, message = asked
    path, actions = conversation.get_absolute_url(), f"/messages/{message.pk}/actions/"
    assert '<details class="comment" hidden>' in alice.get(actions, Accept="text/html").text
    reply = submit(alice, message, value="down")
    assert (reply.status, reply.headers["Location"]) == (302, path)
    submit(alice, message, value="down", comment="First\r\n<b>second</b>")
    assert stored() == [("down", "First\n<b>second</b>")]
    assert 'data-feedback="down" data-comment="First\n&lt;b&gt;second' in alice.get(path, Accept="text/html").text
    page = alice.get(actions, Accept="text/html").text
    assert 'value="" data-value="down" aria-pressed="true"' in page
    assert 'value="up" data-value="up" aria-pressed="false"' in page
    assert '<details class="comment">' in page
    assert "First\n&lt;b&gt;second&lt;/b&gt;</textarea>" in page
    assert submit(alice, message, value="", back=actions).headers["Location"] == actions
    assert stored() == []
    assert submit(alice, message, value="up", back="//elsewhere.test/").headers["Location"] == path


def test_a_plain_form_that_is_refused_gives_the_comment_back(alice: Client, message: Message) -> None:
    reply = submit(alice, message, value="up", comment="long " * 500)
    assert reply.status == 413
    assert "long long" in reply.text
    assert "2,000 are allowed" in reply.text
