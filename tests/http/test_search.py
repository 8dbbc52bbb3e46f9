"""Search as its users meet it."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.conversations.search import AROUND, LOOKED, _beginnings, _further, search, surroundings
from chat.core.search_terms import indexed
from chat.models import Conversation, MessagePart, SearchEntry
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.upstream import Gate, ScriptedUpstream, answer, say


def page(client: Client, path: str) -> str:
    reply = client.get(path, Accept="text/html")
    assert reply.status == 200
    return unescape(reply.text)


def found(client: Client, query: str) -> list[str]:
    """The texts that are shown, with what was found in brackets."""
    texts = re.findall(
        r'<span class="search__text" dir="auto">(.*?)</span>', page(client, f"/search/?q={query}"), re.S
    )
    return [re.sub("<mark>(.*?)</mark>", r"[\1]", text) for text in texts]


def test_questions_and_answers_are_found_once_they_are_stored(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("Un café, s'il vous plaît."))
    alice.ask_whole(question)
    assert found(alice, "CAFE") == ["Un [café], s'il vous plaît."]
    [shown] = found(alice, question.split()[-1].rstrip("?"))
    assert shown.startswith("What is [")


def test_an_answer_is_found_as_soon_as_it_has_ended(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("Halfway "), Gate())
    with alice.ask(question) as stream:
        generation = stream.until_text("Halfway ").ids["generation"]
        alice.cancel(generation)
        stream.rest()
    assert found(alice, "halfway") == ["[Halfway] "]


def test_titles_are_found_and_lead_to_their_conversation(alice: Client, question: str) -> None:
    conversation = alice.ask_whole(question).start
    assert conversation
    assert f'href="/c/{conversation["conversation"]}/"' in page(alice, f"/search/?q={question.split()[-1][:8]}")


def test_what_is_somebody_elses_is_not_found(
    alice: Client, bob: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("A secret."))
    alice.ask_whole(question)
    assert found(alice, "secret") == ["A [secret]."]
    assert found(bob, "secret") == []
    assert found(bob, str(alice.user and alice.user.pk)) == []


def test_many_hits_come_in_pages(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    conversation = Conversation.objects.get(pk=start["conversation"])
    for number in range(45):
        other = Conversation.objects.create(owner=conversation.owner, title=f"Plenty {number}")
        SearchEntry.objects.index_title(other)
    titles, path = [], "/search/?q=plenty"
    while path:
        text = page(alice, path)
        titles += re.findall(r'<span class="search__conversation" dir="auto">(.*?)</span>', text)
        [path] = re.findall(r'href="(/search/[^"]*before=[^"]*)"', text) or [""]
    assert titles == [f"Plenty {number}" for number in reversed(range(45))]


@pytest.mark.parametrize(
    "query", ["", "+", "%22", "%27%20OR%201=1--", "*", "a%00b", "%F0%9F%98%80", "(", "NEAR(", "owner_id:1", "x" * 5000]
)
def test_any_query_is_safe(alice: Client, query: str) -> None:
    assert alice.get(f"/search/?q={query}", Accept="text/html").status == 200


@pytest.mark.parametrize("before", ["", "x", "-1", "1" * 30, "%C2%B2"])
def test_a_page_that_is_none_is_refused_in_words(alice: Client, before: str) -> None:
    assert alice.get(f"/search/?q=a&before={before}", Accept="text/html").status == 400


def test_hostile_text_is_text(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, answer("<img src=x onerror=alert(1)> hostile"))
    alice.ask_whole(question)
    reply = alice.get("/search/?q=hostile", Accept="text/html")
    assert "<img" not in reply.text
    assert "&lt;img src=x onerror=alert(1)&gt; <mark>hostile</mark>" in reply.text


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("One two three", "tw", "One [two] three"),
        ("One two three", "o t", "[One] [two] [three]"),
        ("No hit", "else", "No hit"),
        ("x " * 200 + "here " + "y " * 200, "here", None),
    ],
)
def test_surroundings(text: str, query: str, shown: str | None) -> None:
    runs = "".join(f"[{run}]" if is_found else run for run, is_found in surroundings(text, query))
    if shown is None:
        assert runs.startswith("…x x")
        assert "[here]" in runs
        assert runs.endswith("…")
        assert len(runs) < 350
    else:
        assert runs == shown


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (["x " * 70_000 + "and then UNMISTAKABLE it is " + "y " * 70_000], "and then [UNMISTAKABLE] it is y y"),
        (["x " * 40_000, "y " * 40_000 + "unmistakable"], "y y y [unmistakable]"),
        (["x " * 19_000 + " unmist", "akable" + " y" * 9], "x x x x"),
    ],
    ids=["far on", "in another row", "across rows"],
)
@pytest.mark.django_db
def test_of_a_long_message_a_piece_is_read(place: list[str], shown: str) -> None:
    owner = User.objects.create(username="owner")
    conversation, [message] = stored_conversation(owner.pk, ["x"])
    message.parts.all().delete()
    for number, text in enumerate(place):
        MessagePart.objects.create(message=message, number=number, text=text)
    SearchEntry.objects.index_messages(conversation.pk, owner.pk, [(message.pk, indexed("".join(place)))])
    with CaptureQueriesContext(connection) as asked:
        [hit], _ = search(owner.pk, "unmistakable")
    text = "".join(f"[{text}]" if is_found else text for text, is_found in hit.runs)
    assert shown in text
    assert len(text) < 4 * AROUND
    assert len(asked) <= 3
    assert [len(read) for read in _beginnings([message.pk]).values()] == [LOOKED + 1]
    assert len(_further(message.pk, "unmistakable")) <= 6 * AROUND


def test_a_hit_leads_to_its_branch(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, answer("The elder sibling."))
    upstream.script(question, answer("The younger one."))
    start = alice.ask_whole(question).start
    assert start
    alice.regenerate(start["message"]).rest()
    text = page(alice, "/search/?q=elder")
    [link] = re.findall(r'href="(/c/[^"]*message=[^"]*)"', text)
    assert link.endswith(f"?message={start['message']}#message-{start['message']}")
    address = link.partition("#")[0]
    assert "The elder sibling." in page(alice, address)
    assert "The younger one." not in page(alice, address)
    # It was a look, not a choice.
    assert "The younger one." in page(alice, address.partition("?")[0])
