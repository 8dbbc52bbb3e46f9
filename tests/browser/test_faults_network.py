"""The page while the site dies, says nothing or cannot be reached."""

import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from chat.models import Generation, Message
from tests.browser.conftest import OpenPage
from tests.browser.pages import (
    button,
    composer,
    ended_in_words,
    has_status,
    last_answer,
    let_go,
    messages,
    send,
    set_hidden,
    shows,
    shows_what_is_stored,
)
from tests.browser.wire import Wire
from tests.conftest import ClientFor, RunSite
from tests.support.client import Client
from tests.support.faults import OwnDatabase
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("committed")

AT_ONCE_MS = 4_000
"""Less than a page that is offline waits until it tries again unasked."""


def connection(page: Page) -> Locator:
    return last_answer(page).locator(".message__connection")


# The database fails


def rename_table(file: Path, before: str, after: str) -> None:
    with closing(sqlite3.connect(file, timeout=30)) as other, other:
        other.execute(f"ALTER TABLE {before} RENAME TO {after}")


def test_a_page_says_that_an_answer_cannot_be_stored_and_that_it_can_again(
    visit: OpenPage, run_site: RunSite, committed: None, tmp_path: Path, upstream: ScriptedUpstream, question: str
) -> None:
    own = OwnDatabase(run_site, tmp_path)
    middle, later, last = Gate(), Gate(), Gate()
    upstream.script(question, say("Stored, "), middle, say("kept, "), later, say("stored, "), last, answer("done."))
    page = visit(own.client, own.site.url)
    send(page, question)
    shows(page, "Stored,")
    rename_table(own.file, "chat_messagepart", "elsewhere")
    middle.open()
    expect(connection(page)).to_contain_text("cannot be stored just now. It goes on here")
    shows(page, "Stored, kept,")
    rename_table(own.file, "elsewhere", "chat_messagepart")
    expect(connection(page)).to_be_hidden()
    later.open()
    shows(page, "Stored, kept, stored,")
    last.open()
    has_status(last_answer(page), "complete")
    own.site.close()


# The site dies


@pytest.fixture
def mortal(committed: None, run_site: RunSite) -> Site:
    """A site that the test may kill."""
    return run_site(own=True)


def lapse() -> None:
    """The lease of what runs is over: as 15 s later."""
    Generation.objects.running().update(lease_until=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_page_that_watches_learns_that_its_site_died_and_goes_on(
    visit: OpenPage,
    mortal: Site,
    client_for: ClientFor,
    upstream: ScriptedUpstream,
    question: str,
    sign: signal.Signals,
) -> None:
    stored_so_far = Gate()
    upstream.script(question, say("What was stored, "), stored_so_far, say("and the last second. "), Gate())
    upstream.script(question, answer("And the rest."), what="continuation")
    page = visit(client_for(mortal), mortal.url)
    send(page, question)
    shows(page, "What was stored,")
    eventually(lambda: Message.objects.get(role="assistant").text, "a checkpoint")
    stored_so_far.open()
    shows(page, "What was stored, and the last second.")
    if sign == signal.SIGKILL:
        mortal.kill()
        lapse()
        expect(connection(page)).to_contain_text("trying again")
    else:
        mortal.terminate()
    mortal.start()
    ended_in_words(page, "interrupted", has_text=True)
    kept = messages(page)[-1]["text"]
    assert kept.startswith("What was stored, ")
    if sign == signal.SIGTERM:
        assert kept == "What was stored, and the last second. "
    shows_what_is_stored(page)
    button(page, "Continue").click()
    has_status(last_answer(page), "complete")
    assert messages(page)[-1]["text"] == kept + "And the rest."
    assert len(upstream.asked(question)) == len(upstream.asked(question, what="continuation")) == 1
    shows_what_is_stored(page)


def test_a_message_that_is_sent_while_the_site_restarts_arrives_once(
    visit: OpenPage, mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    page = visit(client_for(mortal), mortal.url)
    mortal.kill()
    send(page, question)
    mortal.start()
    has_status(last_answer(page), "complete")
    assert len(upstream.asked(question)) == Message.objects.filter(role="user").count() == 1
    shows_what_is_stored(page)


# Silence


@pytest.mark.parametrize("is_stopped", [True, False])
def test_silence_beyond_two_heartbeats_makes_the_page_connect_again(
    visit: OpenPage,
    mortal: Site,
    client_for: ClientFor,
    upstream: ScriptedUpstream,
    question: str,
    is_stopped: bool,
) -> None:
    """Of a site that hangs, and of a laptop that slept: a minute passes in the page alone."""
    middle = Gate()
    upstream.script(question, say("Before, "), middle, say("after."), finish(), done())
    page = visit(client_for(mortal), "about:blank")
    page.clock.install()
    page.goto(mortal.url)
    send(page, question)
    shows(page, "Before,")
    if is_stopped:
        mortal.send(signal.SIGSTOP)
    with page.expect_request("**/events/") as again:
        page.clock.fast_forward(60_000)
        expect(connection(page)).to_contain_text("trying again")
        page.clock.run_for(5_000)
    assert again.value.headers["last-event-id"] == str(len("Before, "))
    mortal.send(signal.SIGCONT)
    middle.open()
    has_status(last_answer(page), "complete")
    shows(page, "Before, after.")
    expect(connection(page)).not_to_be_visible()
    assert len(upstream.asked(question)) == 1
    page.clock.resume()
    shows_what_is_stored(page)


# Hidden


def test_a_hidden_tab_lets_go_and_catches_up(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("Seen, "), middle, say("missed."), finish(), done())
    page = open_page(alice)
    send(page, question)
    shows(page, "Seen,")
    let_go(page)
    middle.open()
    eventually(lambda: Generation.objects.filter(status="complete").exists(), "the end")
    shows(page, "Seen,")
    with page.expect_request("**/events/") as again:
        set_hidden(page, hidden=False)
    assert again.value.headers["last-event-id"] == str(len("Seen, "))
    has_status(last_answer(page), "complete")
    shows(page, "Seen, missed.")
    shows_what_is_stored(page)


# Cut and offline


def test_a_connection_that_breaks_again_and_again_loses_and_doubles_nothing(
    visit: OpenPage, wire: Wire, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gates = [Gate() for _ in range(3)]
    upstream.script(
        question, *(step for gate in gates for step in (say("piece "), gate)), say("end"), finish(), done()
    )
    page = visit(alice, wire.url)
    send(page, question)
    for count, gate in enumerate(gates, 1):
        shows(page, "piece " * count)
        with page.expect_response("**/events/"):
            wire.cut()
        expect(connection(page)).not_to_be_visible()
        gate.open()
    has_status(last_answer(page), "complete")
    shows(page, "piece piece piece end")
    shows_what_is_stored(page)


def test_an_answer_goes_on_when_the_network_is_back(
    visit: OpenPage, wire: Wire, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("Before, "), middle, say("after."), finish(), done())
    page = visit(alice, wire.url)
    send(page, question)
    shows(page, "Before,")
    page.context.set_offline(True)
    wire.cut()
    expect(connection(page)).to_contain_text("You are offline.")
    shows(page, "Before,")
    middle.open()
    eventually(lambda: Generation.objects.filter(status="complete").exists(), "the end")
    page.context.set_offline(False)
    has_status(last_answer(page), "complete", AT_ONCE_MS)
    shows(page, "Before, after.")
    expect(connection(page)).not_to_be_visible()
    shows_what_is_stored(page)


def test_what_is_sent_offline_goes_out_when_the_network_is_back(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page = open_page(alice)
    page.context.set_offline(True)
    send(page, question)
    expect(connection(page)).to_contain_text("You are offline. This is sent as soon as the network is back")
    has_status(page.locator('[data-role="user"]'), "sending")
    composer(page).press_sequentially("Next")
    page.context.set_offline(False)
    has_status(last_answer(page), "complete", AT_ONCE_MS)
    expect(composer(page)).to_have_value("Next")
    assert len(upstream.asked(question)) == Message.objects.filter(role="user").count() == 1
    shows_what_is_stored(page)
    expect(composer(page)).to_have_value("Next")


def test_what_is_sent_offline_can_be_taken_back(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page = open_page(alice)
    page.context.set_offline(True)
    send(page, question)
    expect(connection(page)).to_contain_text("You are offline.")
    button(page, "Stop").click()
    expect(composer(page)).to_have_value(question)
    expect(page.locator(".thread .message")).to_have_count(0)
    page.context.set_offline(False)
    composer(page).fill(f"{question} Rather this.")
    composer(page).press("Enter")
    has_status(last_answer(page), "complete")
    assert upstream.asked(question) == []
    assert Message.objects.get(role="user").text == f"{question} Rather this."
    shows_what_is_stored(page)


def test_a_continuation_that_is_asked_for_offline_goes_out_when_the_network_is_back(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Half"), finish("length"), done())
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "length")
    page.context.set_offline(True)
    button(page, "Continue").click()
    expect(connection(page)).to_contain_text("You are offline.")
    button(page, "Stop").click()
    ended_in_words(page, "length", has_text=True)
    button(page, "Continue").click()
    expect(connection(page)).to_contain_text("You are offline.")
    page.context.set_offline(False)
    has_status(last_answer(page), "complete", AT_ONCE_MS)
    shows(page, "Half And more.")
    assert len(upstream.asked(question, what="continuation")) == 1
    shows_what_is_stored(page)
