"""The stream of hints: a page is told that something of its user's has changed, and nothing of anybody else's."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.test import Client as WsgiClient

from chat.live.hints.registry import OF_SESSION
from tests.http.test_list import listed, post
from tests.support.client import Client, Stream, question
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, say

DAY = b"retry: 86400000\n\n"


@pytest.fixture
def hear() -> Iterator[Callable[..., Stream]]:
    """`hear(client)`: her open stream, from now on."""
    with ExitStack() as streams:

        def open_(client: Client, since: str = "") -> Stream:
            page = client.get("/", Accept="text/html").text
            position = since or re.findall(r'data-told="([\w-]+)"', page)[0]
            stream = streams.enter_context(client.stream("GET", "/hints/", Last_Event_ID=position))
            stream.until("version")
            return stream

        yield open_


def told(stream: Stream) -> tuple[str, Any]:
    """The next hint."""
    frame = next(frame for frame in stream if frame.event)
    assert frame.event
    return frame.event, frame.data


def test_it_is_framed_as_a_stream_that_says_where_it_is(alice: Client) -> None:
    page = alice.get("/", Accept="text/html").text
    (position,) = re.findall(r'data-told="([\w-]+)"', page)
    (version,) = re.findall(r'data-version="(\w+)"', page)
    with alice.stream("GET", "/hints/", Last_Event_ID=position) as stream:
        frame = stream.until("version")
        assert (frame.data, frame.id) == ({"version": version}, position)
        assert 1_000 <= int(stream.frames[0].retry or 0) <= 10_000
    assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["Cache-Control"] == "no-store, no-transform"
    assert alice.request("HEAD", "/hints/").status == 405
    assert alice.post("/hints/").status == 405


def test_whatever_becomes_of_a_conversation_is_told_to_its_owner_alone(
    alice: Client, bob: Client, hear: Callable[..., Stream]
) -> None:
    (conversation,) = listed(alice)
    (bobs,) = listed(bob)
    one = {"conversation": str(conversation.pk)}
    hers, his = hear(alice), hear(bob)
    for noun, body, hint in (
        ("title", {"title": "Zebra"}, one),
        ("shelf", {"pinned": True}, {}),
        ("shelf", {"archived": True}, {}),
        ("deletion", {}, one),
        ("restoration", {}, {}),
    ):
        assert post(alice, conversation, noun, body).status == 200
        assert told(hers) == ("list", hint), noun
    post(bob, bobs, "title", {"title": "His"})
    assert told(his) == ("list", {"conversation": str(bobs.pk)}), "And nothing of hers before"
    assert b"Zebra" not in hers.raw


def test_an_answer_is_told_when_it_begins_and_when_it_has_ended(
    alice: Client, hear: Callable[..., Stream], upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Because"), Gate())
    stream = hear(alice)
    with alice.ask(question) as answer:
        ids = answer.until_text("Because").ids
        begun = {name: ids[name] for name in ("conversation", "message", "generation")}
        assert told(stream) == ("conversation", begun)
        state = alice.get(f"/c/{ids['conversation']}/").json
        assert (state["leaf"], state["generation"]) == (ids["message"], ids["generation"])
        alice.cancel(ids["generation"])
        answer.rest()
    assert told(stream) == ("list", {"conversation": ids["conversation"]})
    assert question.encode() not in stream.raw


def test_a_refused_question_is_not_told(alice: Client, hear: Callable[..., Stream]) -> None:
    stream = hear(alice)
    assert alice.post(f"/c/{uuid.uuid4()}/messages/", question("")).status == 400
    (conversation,) = listed(alice)
    post(alice, conversation, "title", {"title": "Zebra"})
    assert told(stream) == ("list", {"conversation": str(conversation.pk)})


def test_who_comes_back_is_told_to_ask_if_anything_was_missed(alice: Client, hear: Callable[..., Stream]) -> None:
    (conversation,) = listed(alice)
    before = hear(alice)
    before.close()
    post(alice, conversation, "title", {"title": "Zebra"})
    stream = hear(alice, since=before.frames[-1].id)
    assert [told(stream), told(stream)] == [("list", {}), ("conversation", {})]
    again = hear(alice, since=stream.frames[-1].id)
    post(alice, conversation, "title", {"title": "Again"})
    assert told(again) == ("list", {"conversation": str(conversation.pk)})


def test_a_fourth_of_a_session_closes_the_oldest(alice: Client, hear: Callable[..., Stream]) -> None:
    streams = [hear(alice) for _ in range(OF_SESSION + 1)]
    assert told(streams[0]) == ("closed", {})
    assert not any(frame.event for frame in streams[0])
    assert streams[0].raw.endswith(DAY)
    (conversation,) = listed(alice)
    post(alice, conversation, "title", {"title": "Zebra"})
    for stream in streams[1:]:
        assert told(stream)[0] == "list"


def test_they_take_no_room_from_answers(run_site: Callable[..., Site], client_for: Callable[..., Client]) -> None:
    client = client_for(run_site(CHAT_STREAMS_PER_USER="2"))
    with ExitStack() as streams:
        for _ in range(OF_SESSION):
            streams.enter_context(client.stream("GET", "/hints/")).until("version")
        assert client.ask_whole("Why?").end


def test_it_ends_soon_after_what_allowed_it(
    site: Site, client_for: Callable[..., Client], hear: Callable[..., Stream]
) -> None:
    leaving, barred, staying = (client_for(site) for _ in range(3))
    streams = [hear(client) for client in (leaving, barred, staying)]
    assert leaving.post("/accounts/logout/", form={}).status == 302
    assert barred.user
    type(barred.user).objects.filter(pk=barred.user.pk).update(is_active=False)
    for stream, code in zip(streams, ("logged_out", "inactive"), strict=False):
        assert told(stream) == ("gone", {"code": code})
        assert not any(frame.event for frame in stream)
    (conversation,) = listed(staying)
    post(staying, conversation, "title", {"title": "Zebra"})
    assert told(streams[2])[0] == "list"


def test_a_process_that_ends_waits_for_none_of_them(
    run_site: Callable[..., Site], client_for: Callable[..., Client]
) -> None:
    site = run_site(own=True)
    client = client_for(site)
    with client.stream("GET", "/hints/") as stream:
        stream.until("version")
        site.terminate()
        stream.until_lost()
    assert not [frame for frame in stream.frames if frame.event in ("gone", "closed")]


@pytest.mark.django_db(transaction=True)
def test_under_wsgi_it_is_refused_in_words(django_user_model: Any) -> None:
    client = WsgiClient()
    client.force_login(django_user_model.objects.create_user(f"reader-{uuid.uuid4()}"))
    answer = client.get("/hints/")
    assert (answer.status_code, json.loads(answer.content)["error"]["code"]) == (503, "cannot_stream")
