"""POST /messages/<uuid>/selection/: which of several branches is on show."""

import uuid

import pytest

from chat.models import Conversation, Message
from tests.support.client import Client
from tests.support.upstream import Gate, ScriptedUpstream, answer, say

Ids = dict[str, str]


@pytest.fixture
def branches(alice: Client, upstream: ScriptedUpstream, question: str) -> tuple[Ids, Ids, Ids]:
    """A question with two answers, of which the first was asked on: the first, what followed it, the second."""
    upstream.script(question, answer("One."))
    first = alice.ask_whole(question).start
    assert first
    upstream.script(f"{question} On?", answer("On."))
    below = alice.ask_whole(f"{question} On?", first["conversation"], parent=first["message"]).start
    upstream.script(question, answer("Two."))
    second = alice.regenerate(first["message"]).rest().start
    assert below
    assert second
    return first, below, second


def shown(client: Client, conversation: str) -> str:
    return client.get(f"/c/{conversation}/", Accept="text/html").text


def test_the_page_shows_the_branch_that_was_chosen(alice: Client, branches: tuple[Ids, Ids, Ids]) -> None:
    first, below, second = branches
    page = shown(alice, first["conversation"])
    assert f'id="message-{second["message"]}"' in page
    assert f'id="message-{first["message"]}"' not in page
    assert "2 of 2" in page
    reply = alice.post(f"/messages/{first['message']}/selection/")
    assert (reply.status, reply.json) == (200, {"conversation": first["conversation"], "leaf": below["message"]})
    for _ in range(2):
        page = shown(alice, first["conversation"])
        assert f'id="message-{below["message"]}"' in page
        assert f'id="message-{second["message"]}"' not in page
        assert "1 of 2" in page


def test_a_form_is_redirected_to_the_conversation(alice: Client, branches: tuple[Ids, Ids, Ids]) -> None:
    first, below, _ = branches
    form = {"csrfmiddlewaretoken": "c" * 32}
    reply = alice.post(f"/messages/{first['message']}/selection/", form=form, Accept="text/html")
    assert (reply.status, reply.headers["Location"]) == (302, f"/c/{first['conversation']}/")
    assert str(Conversation.objects.get().current_id) == below["message"]


def test_to_look_at_a_branch_moves_no_conversation_in_the_list(
    alice: Client, branches: tuple[Ids, Ids, Ids], question: str
) -> None:
    first, _, _ = branches
    alice.ask_whole(f"{question} Elsewhere?")
    before = list(Conversation.objects.recent().values_list("pk", "updated_at"))
    alice.post(f"/messages/{first['message']}/selection/")
    assert list(Conversation.objects.recent().values_list("pk", "updated_at")) == before


def test_somebody_elses_message_and_an_unknown_one_look_the_same(bob: Client, branches: tuple[Ids, Ids, Ids]) -> None:
    first, _, second = branches
    replies = [bob.post(f"/messages/{pk}/selection/") for pk in (first["message"], uuid.uuid4())]
    assert [(reply.status, reply.code) for reply in replies] == [(404, "not_found")] * 2
    assert replies[0].body == replies[1].body
    assert str(Conversation.objects.get().current_id) == second["message"]


def test_a_branch_can_be_chosen_while_an_answer_is_written_in_another(
    alice: Client, upstream: ScriptedUpstream, branches: tuple[Ids, Ids, Ids], question: str
) -> None:
    first, below, second = branches
    gate = Gate()
    upstream.script(question, say("Three"), gate, *answer("."))
    with alice.regenerate(first["message"]) as stream:
        running = stream.until_text("Three").ids["message"]
        alice.post(f"/messages/{first['message']}/selection/")
        gate.open()
        assert stream.rest().text == "Three."
    assert str(Conversation.objects.get().current_id) == below["message"]
    assert alice.post(f"/messages/{running}/selection/").json["leaf"] == running
    assert Message.objects.get(pk=running).text == "Three."
    assert [str(message.pk) for message in Message.objects.get(pk=running).siblings()] == [
        first["message"],
        second["message"],
        running,
    ]


@pytest.mark.parametrize("wanted", ["question", "answer", "unknown", "nonsense"])
def test_a_form_to_edit_is_shown_for_a_question_on_the_page_alone(
    alice: Client, branches: tuple[Ids, Ids, Ids], question: str, wanted: str
) -> None:
    first, _, second = branches
    ids = {"question": first["parent"], "answer": second["message"], "unknown": str(uuid.uuid4()), "nonsense": "<b>"}
    page = alice.get(f"/c/{first['conversation']}/?edit={ids[wanted]}", Accept="text/html")
    assert page.status == 200
    assert ("data-editing" in page.text) == (wanted == "question")
