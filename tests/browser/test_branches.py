"""Branches of a conversation in Chromium: edit, write again, go from one version to another."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from chat.models import Conversation, Message
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import PHONE, SIZES, WIDE, OpenPage
from tests.browser.pages import (
    body,
    button,
    composer,
    give_password,
    has_status,
    last_answer,
    log_in,
    messages,
    notice,
    open_actions,
    send,
    shows,
    shows_what_is_stored,
)
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("committed")


def question_at(page: Page, index: int) -> Locator:
    return page.locator('[data-role="user"]').nth(index)


def answer_at(page: Page, index: int) -> Locator:
    return page.locator('[data-role="assistant"]').nth(index)


def action(message: Locator, name: str) -> Locator:
    return message.get_by_label(name, exact=True)


def editor(page: Page) -> Locator:
    return page.get_by_label("Your message, edited")


def edit(page: Page, message: Locator, text: str) -> None:
    message.hover()
    action(message, "Edit this message").click()
    editor(page).fill(text)
    editor(page).press("Enter")


def step(message: Locator, name: str) -> None:
    message.hover()
    action(message, name).click()


def version(message: Locator, words: str) -> None:
    expect(message.locator(".siblings__place")).to_be_visible()
    expect(message.locator(".siblings__place")).to_have_text(words)


def has_one_version(message: Locator) -> None:
    expect(message.locator(".siblings")).to_be_hidden()


def texts(page: Page) -> list[str]:
    return [message["text"] for message in messages(page)]


def converse(alice: Client, upstream: ScriptedUpstream, *questions: str) -> str:
    """Each is answered with "Re: " and itself. The conversation's path."""
    conversation, parent = None, None
    for text in questions:
        upstream.script(text, answer(f"Re: {text}"))
        start = alice.ask_whole(text, conversation, parent=parent).start
        assert start
        conversation, parent = start["conversation"], start["message"]
    return f"/c/{conversation}/"


@pytest.fixture
def second(question: str) -> str:
    return f"{question} And then?"


@pytest.fixture
def edited(question: str) -> str:
    return f"{question} Differently?"


# Edit


@SIZES
def test_an_edit_begins_a_branch_and_the_old_one_is_a_step_away(
    open_page: OpenPage,
    alice: Client,
    upstream: ScriptedUpstream,
    question: str,
    second: str,
    edited: str,
    viewport: dict[str, int],
) -> None:
    path = converse(alice, upstream, question, second)
    gate = Gate()
    upstream.script(edited, say("New "), gate, say("branch."), finish(), done())
    page = open_page(alice, path, viewport=viewport)
    edit(page, question_at(page, 0), edited)
    shows(page, "New")
    expect(page.locator(".thread .message")).to_have_count(2)
    version(question_at(page, 0), "2 of 2")
    gate.open()
    shows(page, "New branch.")
    has_status(last_answer(page), "complete")
    shows_what_is_stored(page)
    version(question_at(page, 0), "2 of 2")
    step(question_at(page, 0), "Previous version")
    expect(page.locator(".thread .message")).to_have_count(4)
    version(question_at(page, 0), "1 of 2")
    shows(page, f"Re: {second}")
    shows_what_is_stored(page)
    expect(page.locator(".thread .message")).to_have_count(4)
    version(question_at(page, 0), "1 of 2")
    has_one_version(question_at(page, 1))
    step(question_at(page, 0), "Next version")
    shows(page, "New branch.")
    expect(page.locator(".thread .message")).to_have_count(2)


def test_an_edit_in_the_middle_keeps_what_is_above(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, second: str, edited: str
) -> None:
    path = converse(alice, upstream, question, second, f"{question} Last?")
    upstream.script(edited, answer("Another second."))
    page = open_page(alice, path)
    edit(page, question_at(page, 1), edited)
    shows(page, "Another second.")
    assert texts(page)[0] == question
    expect(page.locator(".thread .message")).to_have_count(4)
    version(question_at(page, 1), "2 of 2")
    asked = upstream.wait_asked(edited).json["messages"]
    assert [message["content"] for message in asked] == [question, f"Re: {question}", edited]
    send(page, f"{question} And on?")
    expect(page.locator(".thread .message")).to_have_count(6)
    has_status(last_answer(page), "complete")
    shows_what_is_stored(page)


@SIZES
def test_an_edit_by_keyboard_alone(
    open_page: OpenPage,
    alice: Client,
    upstream: ScriptedUpstream,
    question: str,
    viewport: dict[str, int],
) -> None:
    path = converse(alice, upstream, question)
    upstream.script(f"{question} More\nlines", answer("To the new one."))
    page = open_page(alice, path, viewport=viewport)
    composer(page).focus()
    page.keyboard.press("ArrowUp")
    expect(editor(page)).to_be_focused()
    expect(editor(page)).to_have_value(question)
    page.keyboard.type(" More")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("lines")
    page.keyboard.press("Enter")
    shows(page, "To the new one.")
    has_status(last_answer(page), "complete")
    expect(question_at(page, 0)).to_be_focused()
    page.keyboard.press("Tab")
    expect(action(question_at(page, 0), "Previous version")).to_be_focused()
    page.keyboard.press("Enter")
    shows(page, f"Re: {question}")
    expect(action(question_at(page, 0), "Next version")).to_be_focused()
    expect(page.locator("#status")).to_have_text("Version 1 of 2.")
    page.keyboard.press("Space")
    shows(page, "To the new one.")
    expect(action(question_at(page, 0), "Previous version")).to_be_focused()


@pytest.mark.parametrize("how", ["Escape", "Cancel", "unchanged"])
def test_an_edit_that_is_cancelled_or_changes_nothing_leaves_all_as_it_was(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, how: str
) -> None:
    page = open_page(alice, converse(alice, upstream, question))
    question_at(page, 0).hover()
    action(question_at(page, 0), "Edit this message").click()
    if how == "unchanged":
        button(page, "Send").first.click()
    else:
        editor(page).fill("Something else")
        editor(page).press("Escape") if how == "Escape" else page.get_by_role("link", name="Cancel").click()
    expect(editor(page)).to_have_count(0)
    expect(body(question_at(page, 0))).to_be_visible()
    expect(action(question_at(page, 0), "Edit this message")).to_be_focused()
    assert texts(page) == [question, f"Re: {question}"]
    assert Message.objects.count() == 2
    page.keyboard.press("Enter")
    expect(editor(page)).to_have_value(question)


REFUSALS = {
    "limit": (429, "too_many", "Not so fast."),
    "failing": (500, "error", "Something went wrong on this site."),
    "conflict": (409, "conflict", "This contradicts what is stored."),
    "busy": (503, "unavailable", "Not just now."),
}


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("kind", REFUSALS)
def test_an_edit_that_is_refused_gives_the_text_and_the_branch_back(
    open_page: OpenPage,
    alice: Client,
    upstream: ScriptedUpstream,
    question: str,
    second: str,
    edited: str,
    kind: str,
    viewport: dict[str, int],
) -> None:
    status, code, words = REFUSALS[kind]
    page = open_page(alice, converse(alice, upstream, question, second), viewport=viewport)
    before = messages(page)
    sent: list[dict[str, Any]] = []
    page.clock.install()

    def refuse(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or ""))
        route.fulfill(status=status, json={"error": {"code": code, "message": words}})

    page.route("**/messages/", refuse)
    edit(page, question_at(page, 0), edited)
    given_back = page.locator(".editor__notice", has_text=words)
    eventually(lambda: page.clock.fast_forward(10_000) or given_back.is_visible(), "giving up", seconds=30)
    expect(editor(page)).to_have_value(edited)
    expect(editor(page)).to_be_focused()
    assert messages(page) == before
    page.unroute("**/messages/")

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.post_data_json)

    page.on("request", note)
    editor(page).press("Enter")
    expect(page.locator(".thread .message")).to_have_count(2)
    has_status(last_answer(page), "complete")
    assert len({body["id"] for body in sent}) == 1
    assert Message.objects.filter(role="user").count() == 3


def test_an_edit_after_the_login_has_expired_is_there_when_its_writer_comes_back(
    open_page: OpenPage, site: Site, alice: Client, upstream: ScriptedUpstream, question: str, edited: str
) -> None:
    assert alice.user
    path = converse(alice, upstream, question)
    give_password(alice.user)
    page = open_page(Client(site.url, alice.user), path)
    page.context.clear_cookies(name="sessionid")
    edit(page, question_at(page, 0), edited)
    expect(page.locator(".editor__notice")).to_contain_text("Your login has expired.")
    expect(editor(page)).to_have_value(edited)
    page.locator(".editor__notice a").click()
    log_in(page, alice.user)
    expect(editor(page)).to_have_value(edited)
    assert "edit=" not in page.url
    editor(page).press("Enter")
    version(question_at(page, 0), "2 of 2")
    has_status(last_answer(page), "complete")
    shows_what_is_stored(page)


def test_an_edit_sent_offline_can_be_taken_back(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, edited: str
) -> None:
    page = open_page(alice, converse(alice, upstream, question))
    page.context.set_offline(True)
    edit(page, question_at(page, 0), edited)
    expect(last_answer(page)).to_contain_text("You are offline.")
    button(page, "Stop").click()
    expect(editor(page)).to_have_value(edited)
    expect(body(last_answer(page))).to_have_text(f"Re: {question}")


def test_what_is_being_edited_survives_a_reload(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, edited: str
) -> None:
    page = open_page(alice, converse(alice, upstream, question))
    composer(page).press("ArrowUp")
    editor(page).fill(edited)
    page.reload()
    expect(editor(page)).to_have_count(0)
    composer(page).press("ArrowUp")
    expect(editor(page)).to_have_value(edited)


def test_while_an_answer_is_written_nothing_offers_to_begin_another(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, second: str
) -> None:
    path = converse(alice, upstream, question)
    upstream.script(second, say("On and on"), Gate())
    page = open_page(alice, path)
    send(page, second)
    shows(page, "On and on")
    question_at(page, 0).hover()
    for name in ("Edit this message", "Write this answer again"):
        for each in page.locator(".thread").get_by_label(name, exact=True).all():
            expect(each).not_to_be_visible()
    composer(page).press("ArrowUp")
    expect(editor(page)).to_have_count(0)
    composer(page).press("Escape")
    has_status(last_answer(page), "stopped")
    expect(action(question_at(page, 0), "Edit this message")).to_be_visible()


# Without JavaScript


def test_without_javascript_an_edit_and_the_steps_work(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, second: str, edited: str
) -> None:
    path = converse(alice, upstream, question, second)
    upstream.script(edited, answer("New branch."))
    upstream.script(edited, answer("Once more."))
    page = open_page(alice, path, java_script_enabled=False)
    open_actions(question_at(page, 0))
    page.get_by_label("Edit this message").click()
    expect(editor(page)).to_have_value(question)
    editor(page).fill(edited)
    page.locator(".editor [type=submit]").click()
    expect(body(last_answer(page))).to_have_text("New branch.")
    version(question_at(page, 0), "2 of 2")
    open_actions(last_answer(page))
    button(page, "Write this answer again").click()
    expect(body(last_answer(page))).to_have_text("Once more.")
    version(last_answer(page), "2 of 2")
    open_actions(question_at(page, 0))
    button(page, "Previous version").click()
    expect(body(last_answer(page))).to_have_text(f"Re: {second}")
    page.reload()
    expect(body(last_answer(page))).to_have_text(f"Re: {second}")


# Write again


@SIZES
def test_an_answer_in_the_middle_is_written_again(
    open_page: OpenPage,
    alice: Client,
    upstream: ScriptedUpstream,
    question: str,
    second: str,
    viewport: dict[str, int],
) -> None:
    path = converse(alice, upstream, question, second)
    gate = Gate()
    upstream.script(question, say("Other"), gate, say("wise."), finish(), done())
    page = open_page(alice, path, viewport=viewport)
    answer_at(page, 0).hover()
    action(answer_at(page, 0), "Write this answer again").click()
    shows(page, "Other")
    expect(page.locator(".thread .message")).to_have_count(2)
    version(last_answer(page), "2 of 2")
    gate.open()
    has_status(last_answer(page), "complete")
    shows_what_is_stored(page)
    version(last_answer(page), "2 of 2")
    step(last_answer(page), "Previous version")
    shows(page, f"Re: {second}")
    shows_what_is_stored(page)


def test_an_answer_that_may_not_be_written_again_stays(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, second: str
) -> None:
    page = open_page(alice, converse(alice, upstream, question, second))
    before = messages(page)
    error = {"error": {"code": "too_many", "message": "Not so fast."}}
    page.route("**/regenerations/", lambda route: route.fulfill(status=429, json=error))
    answer_at(page, 0).hover()
    action(answer_at(page, 0), "Write this answer again").click()
    expect(notice(page)).to_contain_text("Not so fast.")
    assert messages(page) == before
    expect(action(answer_at(page, 0), "Write this answer again")).to_be_focused()


@SIZES
def test_another_model_writes_the_answer_again(
    run_site: RunSite,
    client_for: Callable[..., Client],
    visit: OpenPage,
    upstream: ScriptedUpstream,
    question: str,
    viewport: dict[str, int],
) -> None:
    site = run_site(CHAT_MODELS="first-model,second-model")
    alice = client_for(site)
    path = converse(alice, upstream, question)
    upstream.script(question, answer("By the second."))
    page = visit(alice, site.url + path, viewport=viewport)
    summary = action(last_answer(page), "Write this answer again")
    summary.focus()
    page.keyboard.press("Enter")
    expect(button(page, "second-model")).to_be_visible()
    page.keyboard.press("Escape")
    expect(button(page, "second-model")).to_be_hidden()
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(button(page, "second-model")).to_be_focused()
    page.keyboard.press("Enter")
    shows(page, "By the second.")
    expect(last_answer(page).locator(".message__who")).to_have_text("second-model")
    version(last_answer(page), "2 of 2")
    assert upstream.wait_asked(question, 2).json["model"] == "second-model"


# Versions


def test_a_branch_whose_answer_is_being_written_is_followed(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, edited: str
) -> None:
    path = converse(alice, upstream, question)
    gate = Gate()
    upstream.script(edited, say("Still "), gate, say("here."), finish(), done())
    page = open_page(alice, path)
    edit(page, question_at(page, 0), edited)
    shows(page, "Still")
    step(question_at(page, 0), "Previous version")
    shows(page, f"Re: {question}")
    expect(button(page, "Stop")).to_be_hidden()
    step(question_at(page, 0), "Next version")
    shows(page, "Still")
    expect(button(page, "Stop")).to_be_visible()
    gate.open()
    shows(page, "Still here.")
    has_status(last_answer(page), "complete")
    shows_what_is_stored(page)


def test_another_tab_keeps_the_branch_that_it_shows(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, second: str, edited: str
) -> None:
    path = converse(alice, upstream, question, second)
    upstream.script(edited, answer("New branch."))
    first = open_page(alice, path)
    other = first.context.new_page()
    other.goto(first.url)
    edit(first, question_at(first, 0), edited)
    has_status(last_answer(first), "complete")
    assert texts(other)[-1] == f"Re: {second}"
    send(other, f"{question} Going on")
    has_status(last_answer(other), "complete")
    assert [message.text for message in Conversation.objects.get().branch()][:4] == texts(other)[:4]
    expect(other.locator(".thread .message")).to_have_count(6)
    shows_what_is_stored(other)


def test_a_choice_that_fails_leaves_the_page_as_it_is(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, edited: str
) -> None:
    path = converse(alice, upstream, question)
    page = open_page(alice, path)
    edit(page, question_at(page, 0), edited)
    has_status(last_answer(page), "complete")
    before = messages(page)
    page.route("**/selection/", lambda route: route.abort())
    step(question_at(page, 0), "Previous version")
    expect(notice(page)).to_contain_text(re.compile("cannot be reached|could not be reached"))
    assert messages(page) == before


def test_a_step_does_not_move_what_the_reader_looks_at(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    lines = "\n\n".join(f"Line {number}" for number in range(60))
    upstream.script(question, answer("Short."))
    upstream.script(question, answer(lines))
    start = alice.ask_whole(question).start
    assert start
    alice.regenerate(start["message"]).rest()
    parent = Message.objects.filter(role="assistant").order_by("number").last()
    assert parent
    alice.ask_whole(f"{question} {lines}", start["conversation"], parent=str(parent.pk))
    page = open_page(alice, f"/c/{start['conversation']}/")
    step(answer_at(page, 0), "Previous version")
    version(answer_at(page, 0), "1 of 2")
    place = action(answer_at(page, 0), "Next version").bounding_box()
    step(answer_at(page, 0), "Next version")
    version(answer_at(page, 0), "2 of 2")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")
    moved = action(answer_at(page, 0), "Next version").bounding_box()
    assert place
    assert moved
    assert abs(moved["y"] - place["y"]) <= 2


# The sheet of shortcuts


@SIZES
def test_a_question_mark_and_a_button_open_the_shortcuts(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, viewport: dict[str, int]
) -> None:
    upstream.script(question, say("On"), Gate())
    page = open_page(alice, viewport=viewport)
    send(page, question)
    shows(page, "On")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    button(page, "Keyboard shortcuts").click()
    expect(sheet).to_be_visible()
    for key in ("Enter", "Shift", "Esc", "↑", "?"):
        expect(sheet.get_by_text(key, exact=True).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    has_status(last_answer(page), "running")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    composer(page).press("?")
    expect(composer(page)).to_have_value("?")
    expect(sheet).to_be_hidden()
    # The key alone can be turned off, and stays so.
    for _ in range(2):
        button(page, "Keyboard shortcuts").click()
        sheet.get_by_role("checkbox").set_checked(False)
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        expect(sheet).to_be_hidden()
        page.reload()
        shows(page, "On")
    page.keyboard.press("Escape")
    has_status(last_answer(page), "stopped")


# For everyone


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
@SIZES
def test_axe_finds_nothing_in_what_opens(
    run_site: RunSite,
    client_for: Callable[..., Client],
    visit: OpenPage,
    upstream: ScriptedUpstream,
    question: str,
    viewport: dict[str, int],
) -> None:
    site = run_site(CHAT_MODELS="first-model,second-model")
    alice = client_for(site)
    path = converse(alice, upstream, question)
    page = visit(alice, site.url + path, viewport=viewport)
    edit(page, question_at(page, 0), f"{question} Again?")
    has_status(last_answer(page), "complete")
    action(last_answer(page), "Write this answer again").click()
    expect(button(page, "second-model")).to_be_visible()
    assert faults_in_all_looks(page) == {}
    composer(page).press("ArrowUp")
    editor(page).fill("")
    editor(page).press("Enter")
    expect(page.locator(".editor__notice")).to_have_text("Write something first.")
    assert faults_in_all_looks(page) == {}
    button(page, "Keyboard shortcuts").click()
    assert faults_in_all_looks(page) == {}


# Found by the search


def found(page: Page, pk: str) -> None:
    """As by a hit of the search: the branch of that message is shown, whichever is the current one."""
    page.goto(f"{page.url.partition('?')[0]}?message={pk}#message-{pk}")


def test_an_edit_of_what_was_found_is_there_after_a_reload(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, second: str, edited: str
) -> None:
    page = open_page(alice, converse(alice, upstream, question, second))
    found(page, messages(page)[2]["id"])
    upstream.script(edited, answer("New."))
    edit(page, question_at(page, 0), edited)
    has_status(last_answer(page), "complete")
    page.reload()
    assert texts(page) == [edited, "New."]


def test_a_step_away_from_what_was_found_holds_after_a_reload(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, edited: str
) -> None:
    page = open_page(alice, converse(alice, upstream, question))
    old = messages(page)[0]["id"]
    upstream.script(edited, answer("New."))
    edit(page, question_at(page, 0), edited)
    shows(page, "New.")
    has_status(last_answer(page), "complete")
    found(page, old)
    version(question_at(page, 0), "1 of 2")
    step(question_at(page, 0), "Next version")
    version(question_at(page, 0), "2 of 2")
    page.reload()
    version(question_at(page, 0), "2 of 2")
