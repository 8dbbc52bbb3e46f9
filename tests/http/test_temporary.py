"""Temporary conversations: nowhere to be found, gone after they are left, and kept if their owner says so."""

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from chat.conversations.temporary import keep
from chat.errors import NotFound
from chat.models import Conversation, Generation
from chat.models.conversation import ConversationQuerySet
from chat.retention.expiry import LEFT, erase_expired
from tests.conftest import RunSite
from tests.support.client import Client, Stream
from tests.support.client import question as question_of
from tests.support.upstream import ScriptedUpstream, answer


def begun(client: Client, question: str) -> str:
    start = client.ask_whole(question, temporary=True).start
    assert start
    return start["conversation"]


def page(client: Client, path: str) -> str:
    reply = client.get(path, Accept="text/html")
    assert reply.status == 200
    return reply.text


def left_at(conversation: str) -> object:
    return Conversation.objects.get(pk=conversation).left_at


def test_the_page_of_a_new_one_says_so_and_its_form_does(alice: Client) -> None:
    marked, ordinary = page(alice, "/?temporary"), page(alice, "/")
    assert "This conversation is temporary" in marked
    assert '<input type="hidden" name="temporary" value="true">' in marked
    assert 'href="/?temporary"' in ordinary
    assert "This conversation is temporary" not in ordinary
    assert 'name="temporary"' not in ordinary


def test_it_is_neither_listed_nor_found_nor_exported_with_all(alice: Client, question: str) -> None:
    ordinary, conversation = alice.ask_whole("An ordinary one").start, begun(alice, question)
    assert ordinary
    word = question.split()[-1].rstrip("?")
    assert f'href="/c/{conversation}/"' not in page(alice, "/")
    assert f'href="/c/{ordinary["conversation"]}/"' in page(alice, "/"), "Proves that the list was looked at"
    assert conversation not in page(alice, f"/search/?q={word}")
    assert word.encode() not in alice.get("/export/").body
    assert question in page(alice, f"/c/{conversation}/"), "It is there for its owner"


def test_the_model_is_not_asked_for_a_title(
    run_site: RunSite, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    """The one after it is, and by then this one would have been."""
    client = client_for(run_site(CHAT_TITLES="model"))
    begun(client, question)
    upstream.script(question + " Again", answer("Blue skies"), what="title")
    client.ask_whole(question + " Again")
    assert upstream.asked(question, what="title") == []


def test_a_plain_form_makes_one(alice: Client, question: str) -> None:
    conversation = str(uuid.uuid4())
    form = {"id": str(uuid.uuid4()), "text": question, "parent": "", "temporary": "true"}
    assert alice.post(f"/c/{conversation}/messages/", form=form).status == 302
    assert Conversation.objects.get(pk=conversation).is_temporary


def test_an_ordinary_one_does_not_become_temporary(alice: Client, question: str) -> None:
    first = alice.ask_whole(question).start
    assert first
    alice.ask_whole(question + " More", first["conversation"], parent=first["message"], temporary=True)
    assert not Conversation.objects.get(pk=first["conversation"]).is_temporary


@pytest.mark.parametrize("value", ["true", 1, None])
def test_what_is_neither_true_nor_false_is_refused(alice: Client, question: str, value: object) -> None:
    reply = alice.refusal(f"/c/{uuid.uuid4()}/messages/", question_of(question, temporary=value))
    assert reply
    assert (reply.status, reply.code) == (400, "bad_input")
    assert list(reply.json["error"]["fields"]) == ["temporary"]


def regenerated(client: Client, conversation: str) -> Stream:
    return client.regenerate(str(Conversation.objects.get(pk=conversation).current_id))


BACK: dict[str, Callable[[Client, str], object]] = {
    "opened": lambda client, conversation: page(client, f"/c/{conversation}/"),
    "still open": lambda client, conversation: client.get(f"/c/{conversation}/", Accept="application/json").json,
    **{
        f"{path} of it": lambda client, conversation, path=path: client.get(f"/c/{conversation}/{path}/")
        for path in ("export", "settings")
    },
    "named": lambda client, conversation: client.post(f"/c/{conversation}/title/", {"title": "Named"}),
    **{
        f"{path} of its answer": lambda client, conversation, path=path: client.get(
            f"/messages/{Conversation.objects.get(pk=conversation).current_id}/{path}/"
        )
        for path in ("ancestors", "details")
    },
    "rated": lambda client, conversation: client.post(
        f"/messages/{Conversation.objects.get(pk=conversation).current_id}/feedback/", {"value": "up"}
    ),
    "followed": lambda client, conversation: client.follow(
        str(Generation.objects.get(message__conversation=conversation).pk)
    ).rest(),
    "gone on": lambda client, conversation: regenerated(client, conversation).rest(),
}


@pytest.mark.parametrize("back", BACK.values(), ids=BACK)
def test_who_comes_back_has_not_left(alice: Client, question: str, back: Callable[[Client, str], object]) -> None:
    conversation = begun(alice, question)
    # As a page does that is closed.
    assert alice.post(f"/c/{conversation}/departure/", form={}).status == 204
    assert left_at(conversation)
    back(alice, conversation)
    assert left_at(conversation) is None


def test_who_looks_at_somebody_elses_does_not_come_back(alice: Client, bob: Client, question: str) -> None:
    conversation = begun(alice, question)
    alice.post(f"/c/{conversation}/departure/", form={})
    assert bob.get(f"/c/{conversation}/", Accept="text/html").status == 404
    assert left_at(conversation)


def test_what_was_left_is_erased_a_minute_later(alice: Client, question: str) -> None:
    conversation = begun(alice, question)
    alice.post(f"/c/{conversation}/departure/", form={})
    erase_expired()
    left = Conversation.objects.get(pk=conversation)
    assert left.left_at
    Conversation.objects.filter(pk=conversation).update(left_at=left.left_at - LEFT)
    erase_expired()
    assert alice.get(f"/c/{conversation}/", Accept="text/html").status == 404


def test_one_that_is_kept_is_like_any_other(alice: Client, question: str) -> None:
    conversation = begun(alice, question)
    reply = alice.post(f"/c/{conversation}/keeping/", form={})
    assert (reply.status, reply.headers["Location"]) == (302, f"/c/{conversation}/")
    alice.post(f"/c/{conversation}/departure/", form={})
    assert left_at(conversation) is None
    assert f'href="/c/{conversation}/"' in page(alice, "/")
    assert conversation in page(alice, f"/search/?q={question.split()[-1].rstrip('?')}")
    assert "This conversation is temporary" not in page(alice, f"/c/{conversation}/")


@pytest.mark.django_db
def test_one_that_is_erased_just_then_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = User.objects.create(username="owner")
    conversation = Conversation.objects.create(owner=owner, is_temporary=True)
    update = ConversationQuerySet.update

    def update_late(conversations: ConversationQuerySet, **values: object) -> int:
        Conversation.with_deleted.all().delete()
        return update(conversations, **values)

    monkeypatch.setattr(ConversationQuerySet, "update", update_late)
    with pytest.raises(NotFound):
        keep(owner.pk, conversation.pk)
