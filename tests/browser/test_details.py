"""Details of an answer: on demand, below it, by mouse, finger and keyboard; the same live as after a reload."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import SIZES, OpenPage
from tests.browser.pages import button, composer, has_status, last_answer, open_actions, send
from tests.support.client import Client
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say, usage

pytestmark = pytest.mark.usefixtures("committed")


def action(page: Page) -> Locator:
    return page.get_by_role("link", name="Details of this answer").last


def panel(page: Page) -> Locator:
    return page.get_by_role("group", name="Details of this answer")


@SIZES
def test_they_are_the_same_live_as_after_a_reload(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, viewport: dict[str, int]
) -> None:
    upstream.script(question, say("So."), finish(), usage(1234, 211), done())
    page = open_page(alice, viewport=viewport, timezone_id="Asia/Kolkata")
    send(page, question)
    has_status(last_answer(page), "complete")
    action(page).click()
    expect(panel(page)).to_contain_text("211 tokens")
    told = panel(page).inner_text()
    assert "1,234 tokens" in told
    assert "UTC" not in told, "Times are those of the reader's clock"
    page.reload()
    action(page).click()
    expect(panel(page)).to_contain_text("211 tokens")
    assert panel(page).inner_text() == told


@SIZES
def test_all_of_them_are_in_view_and_none_is_cut_off(
    open_page: OpenPage, alice: Client, question: str, viewport: dict[str, int]
) -> None:
    page = open_page(alice, viewport=viewport, has_touch=True)
    composer(page).fill(question)
    button(page, "Send").click()
    has_status(last_answer(page), "complete")
    action(page).tap()
    last = panel(page).locator("dd").last
    expect(last).to_be_in_viewport(ratio=1)
    dock = page.locator(".dock").bounding_box()
    box = last.bounding_box()
    assert dock
    assert box
    assert box["y"] + box["height"] <= dock["y"], "It is not beneath the composer"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert panel(page).evaluate("panel => panel.scrollWidth <= panel.clientWidth")


def test_they_come_out_from_beneath_the_composer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("\n\n".join(f"Line {number}" for number in range(40))))
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    # The row is just above the composer, and the end of the page is not in view.
    page.mouse.wheel(0, -70)
    expect(page.locator("#jump")).to_be_visible()
    action(page).press("Enter")
    expect(panel(page).locator("dl")).to_be_visible()
    lies_above = """panel => panel.getBoundingClientRect().bottom
        <= document.querySelector(".dock").getBoundingClientRect().top + 1"""
    assert panel(page).evaluate(lies_above)


def test_the_keyboard_opens_and_closes_them(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    action(page).focus()
    page.keyboard.press("Enter")
    expect(panel(page).locator("dl")).to_be_visible()
    expect(action(page)).to_have_attribute("aria-expanded", "true")
    expect(action(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    expect(action(page)).not_to_have_attribute("aria-expanded", "true")
    expect(action(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_visible()
    page.keyboard.press("Enter")
    expect(panel(page)).to_have_count(0)


def test_esc_in_them_stops_no_answer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    upstream.script(question + " Really?", gate, answer("Yes."))
    send(page, question + " Really?")
    gate.wait_reached()
    page.get_by_role("link", name="Details of this answer").first.press("Enter")
    expect(panel(page).locator("dl")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    gate.open()
    has_status(last_answer(page), "complete")


def test_an_answer_that_is_continued_tells_of_both_parts(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Hel"), finish("length"), done())
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "length")
    action(page).click()
    expect(panel(page)).to_contain_text("Cut at the length limit")
    upstream.script(question, answer("lo"), what="continuation")
    button(page, "Continue").click()
    has_status(last_answer(page), "complete")
    expect(panel(page)).to_have_count(0)
    action(page).click()
    expect(panel(page)).to_contain_text("Part 2 of 2")


def test_a_failure_is_said_and_tried_again(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    page.context.set_offline(True)
    action(page).click()
    expect(panel(page).get_by_role("alert")).to_contain_text("The site cannot be reached.")
    page.context.set_offline(False)
    button(page, "Try again").click()
    expect(panel(page).locator("dl")).to_be_visible()
    expect(action(page)).to_be_focused()


def test_after_the_login_has_expired_the_way_to_it_is_shown(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    page.context.clear_cookies()
    action(page).click()
    expect(panel(page).get_by_role("link", name="Log in")).to_be_visible()


def test_without_javascript_they_are_a_page(open_page: OpenPage, alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    page = open_page(alice, f"/c/{start['conversation']}/", java_script_enabled=False)
    open_actions(last_answer(page))
    action(page).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Details of an answer")
    expect(page.locator("dd").first).to_be_visible()
    page.get_by_role("link", name="Back to the conversation").click()
    expect(last_answer(page)).to_be_in_viewport()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_axe_finds_nothing(open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("Hel"), finish("length"), done())
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "length")
    upstream.script(question, answer("lo"), what="continuation")
    button(page, "Continue").click()
    has_status(last_answer(page), "complete")
    address = action(page).evaluate("link => link.href")
    action(page).click()
    expect(panel(page).locator("dl")).to_have_count(2)
    assert faults_in_all_looks(page) == {}
    for other in (address, address.replace("/details/", "/actions/")):
        page.goto(other)
        assert faults_in_all_looks(page) == {}
