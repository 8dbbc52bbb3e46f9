"""Titles by the model, after the first answer."""

import uuid
from typing import Any

import pytest

from tests.conftest import ClientFor, RunSite
from tests.support.client import Client
from tests.support.endings import ending
from tests.support.upstream import (
    ScriptedUpstream,
    Step,
    answer,
    done,
    reset,
    say,
    status,
)
from tests.support.waiting import eventually


@pytest.fixture
def titled(run_site: RunSite, client_for: ClientFor) -> Client:
    return client_for(run_site(CHAT_TITLES="model"))


def wait_titled(client: Client, conversation: str) -> dict[str, Any]:
    """What the page asks until the model has given a title."""

    def look() -> dict[str, Any]:
        told: dict[str, Any] = client.get(f"/c/{conversation}/", Accept="application/json").json
        return told if told["titled_by"] == "model" else {}

    return eventually(look, "a title by the model")


def test_the_model_gives_a_title_after_the_first_answer(
    titled: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("<think>Hm.\n</th", 'ink>\n\n**"Blue skies"**\n'), what="title")
    page = titled.ask_whole(question)
    assert page.start
    assert page.start["title"] == question
    told = wait_titled(titled, page.start["conversation"])
    assert told["title"] == "Blue skies"
    (asked,) = upstream.asked(question, what="title")
    assert "An answer." in asked.json["messages"][-1]["content"]
    assert "Blue skies" in titled.get("/", Accept="text/html").text


@pytest.mark.parametrize(
    ("written", "title"),
    [("Blue\0 skies", "Blue\ufffd skies"), ("Skies \ud83d", "Skies \ufffd")],
    ids=["NUL", "surrogate"],
)
def test_a_title_is_stored_as_every_database_can_hold_it(
    titled: Client, upstream: ScriptedUpstream, question: str, written: str, title: str
) -> None:
    upstream.script(question, answer(written), what="title")
    page = titled.ask_whole(question)
    assert page.start
    assert wait_titled(titled, page.start["conversation"])["title"] == title


def test_a_title_is_asked_for_once(titled: Client, upstream: ScriptedUpstream, question: str) -> None:
    first = titled.ask_whole(question).start
    assert first
    wait_titled(titled, first["conversation"])
    second = titled.ask_whole(question + " More", first["conversation"], parent=first["message"])
    assert second.start
    assert second.start["title"] == "A title"
    titled.regenerate(first["message"]).rest()
    # A third conversation's title comes after whatever would have been asked for the first.
    other = titled.ask_whole(question + " Other").start
    assert other
    wait_titled(titled, other["conversation"])
    assert len(upstream.asked(question, what="title")) == 1
    assert upstream.asked(question + " More", what="title") == []


@pytest.mark.parametrize("steps", [status(500), status(400), [say("Half a"), reset()], [done()]])
def test_a_title_that_cannot_be_had_fails_silently(
    titled: Client, upstream: ScriptedUpstream, question: str, steps: list[Step]
) -> None:
    upstream.script(question, steps, what="title")
    page = titled.ask_whole(question)
    assert ending(page) == ("complete", "stop", "")
    upstream.wait_asked(question, what="title").ended.wait(30)
    assert page.start
    assert titled.ask_whole(question + "?", str(uuid.uuid4())).text == "An answer."
    told = titled.get(f"/c/{page.start['conversation']}/", Accept="application/json").json
    assert told["title"] in (question, "A title", "Half a")


def test_titles_can_be_turned_off(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    page = alice.ask_whole(question)
    assert page.start
    alice.ask_whole(question + " More", page.start["conversation"], parent=page.start["message"])
    assert upstream.asked(question, what="title") == []


@pytest.mark.parametrize("text", ["<b>\u202e</b>", "x" * 500, "a\0b\ud800", "\n\n"])
def test_a_hostile_title_does_no_harm(titled: Client, upstream: ScriptedUpstream, question: str, text: str) -> None:
    upstream.script(question, answer(text), what="title")
    start = titled.ask_whole(question).start
    assert start
    upstream.wait_asked(question, what="title").ended.wait(30)
    page = titled.get(f"/c/{start['conversation']}/", Accept="text/html")
    assert page.status == 200
    assert "<b>\u202e</b>" not in page.text
    told = titled.get(f"/c/{start['conversation']}/", Accept="application/json").json
    assert 0 < len(told["title"]) <= 80
