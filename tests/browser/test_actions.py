"""What can be done with a message: the row below it, with the mouse, the keyboard and a finger."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from chat.models import Generation, Message
from tests.browser.conftest import PHONE, SIZES, WIDE, OpenPage
from tests.browser.pages import button, has_status, last_answer, notice, send
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.upstream import ScriptedUpstream, answer, done, finish, say

pytestmark = pytest.mark.usefixtures("committed")

BELOW_THE_BAR = """() => {
    const box = (part) => document.querySelector(part).getBoundingClientRect();
    const menu = box(".thread .actions__list");
    return menu.height && menu.top >= box(".bar").bottom - 1;
}"""
UNCOVERED = """() => {
    const { x, y, width, height } = document.activeElement.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2) === document.activeElement;
}"""

PARTS = """() => Array.from(document.querySelectorAll(".thread .message"), (message) =>
    Array.from(message.querySelectorAll(":not(.message__body *, [name=csrfmiddlewaretoken])"), (part) => [
        part.tagName, part.classList[0], part.hidden, part.ariaLabel, part.getAttribute("href"),
        part.getAttribute("action"), part.name === "model" ? part.value : "",
    ].join(" ")))"""
"""Of each message, in their order."""
NAMES = "(actions) => actions.filter((each) => each.checkVisibility()).map((each) => each.ariaLabel)"
ROWS = "() => Array.from(document.querySelectorAll('.thread .actions'), (row) => row.getBoundingClientRect().height)"


def announced(page: Page, sentence: str) -> None:
    """A screen reader hears it."""
    expect(page.get_by_role("status").filter(has_text=sentence)).to_have_text(sentence)


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


# Copy


@SIZES
def test_copy_takes_the_text_as_it_was_written(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, viewport: dict[str, int]
) -> None:
    source = "# Head\n\n**bold** and `code`\n\n```python\nx = 1\n```\n"
    upstream.script(question, answer(source))
    page = open_page(alice, viewport=viewport, permissions=["clipboard-read", "clipboard-write"])
    send(page, question)
    has_status(last_answer(page), "complete")
    for _ in range(2):
        expect(last_answer(page).locator("strong")).to_have_text("bold")
        button(page, "Copy this message").last.click()
        announced(page, "Copied.")
        assert clipboard(page) == source
        button(page, "Copy this message").first.click()
        expect(page.locator("[data-role=user] [data-done]")).to_be_visible()
        assert clipboard(page) == question
        page.reload()


def test_a_clipboard_that_is_refused_is_said(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('NotAllowedError')); }")
    send(page, question)
    has_status(last_answer(page), "complete")
    button(page, "Copy this message").last.click()
    expect(notice(page)).to_contain_text("The browser does not let this page copy.")


# Where the row comes from


@pytest.mark.parametrize("ending", ["stop", "length"])
def test_a_message_has_the_same_parts_live_as_after_a_reload(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, ending: str
) -> None:
    upstream.script(question, say("Because."), finish(ending), done())
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete" if ending == "stop" else "length")
    live = page.evaluate(PARTS)
    page.reload()
    assert page.evaluate(PARTS) == live


def test_what_was_imported_offers_what_fits(open_page: OpenPage, alice: Client) -> None:
    assert alice.user
    conversation, (first, *_others) = stored_conversation(alice.user.pk, ["Be brief.", "Why?", "And?", "So."])
    Message.objects.filter(pk=first.pk).update(role="system")
    Generation.objects.filter(message__conversation=conversation).delete()
    page = open_page(alice, conversation.get_absolute_url())
    offered = [
        message.locator(".actions .action").evaluate_all(NAMES) for message in page.locator(".thread .message").all()
    ]
    answer = ["Copy this message", "Good answer", "Bad answer", "Write this answer again"]
    assert offered == [["Copy this message"], answer, ["Copy this message", "Edit this message"], answer]


@SIZES
def test_a_late_script_moves_nothing_and_without_it_there_is_a_link(
    open_page: OpenPage, alice: Client, question: str, viewport: dict[str, int]
) -> None:
    start = alice.ask_whole(question).start
    assert start
    page = open_page(alice, viewport=viewport)
    page.route("**/pages/conversation*.js", lambda route: route.abort())
    page.goto(f"{alice.url}/c/{start['conversation']}/")
    before = page.evaluate(ROWS)
    expect(last_answer(page).get_by_role("link", name="Actions")).to_be_visible()
    page.unroute("**/pages/conversation*.js")
    page.reload()
    expect(button(page, "Write this answer again")).to_be_visible()
    assert page.evaluate(ROWS) == before


# When the row shows


def test_with_a_mouse_the_row_shows_on_the_message_it_points_at_and_on_the_last(
    open_page: OpenPage, alice: Client, question: str
) -> None:
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    page.mouse.move(0, 0)
    first, last = button(page, "Copy this message").first, button(page, "Copy this message").last
    expect(first).to_have_css("opacity", "0")
    expect(last).to_have_css("opacity", "1")
    page.locator('[data-role="user"]').hover()
    expect(first).to_have_css("opacity", "1")
    page.mouse.move(0, 0)
    first.focus()
    expect(first).to_have_css("opacity", "1")


def test_for_a_finger_the_row_is_always_there_and_large_enough(
    open_page: OpenPage, alice: Client, question: str
) -> None:
    alice.ask_whole(question)
    page = open_page(alice, viewport=PHONE, has_touch=True, is_mobile=True)
    page.locator("#conversations a", has_text=question).evaluate("link => link.click()")
    page.wait_for_url("**/c/**")
    for action in page.locator(".thread .action").all():
        if not action.is_visible():
            continue
        expect(action).to_have_css("opacity", "1")
        box = action.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44


@pytest.mark.parametrize("viewport", [WIDE, PHONE, {"width": 320, "height": 256}], ids=["wide", "phone", "zoomed"])
def test_all_of_many_models_can_be_chosen_below_a_short_answer(
    visit: OpenPage,
    run_site: RunSite,
    client_for: Callable[..., Client],
    upstream: ScriptedUpstream,
    question: str,
    viewport: dict[str, int],
) -> None:
    site = run_site(CHAT_MODELS=",".join(f"model-{number}" for number in range(10)))
    upstream.script(question, answer("Yes."))
    page = visit(client_for(site), site.url, viewport=viewport)
    send(page, question)
    has_status(last_answer(page), "complete")
    last_answer(page).get_by_label("Write this answer again").click()
    page.wait_for_function(BELOW_THE_BAR)
    first = last_answer(page).locator(".actions__list button").first
    first.scroll_into_view_if_needed()
    expect(first).to_be_in_viewport(ratio=1)
    page.wait_for_function(BELOW_THE_BAR)


def test_what_has_the_focus_is_not_beneath_the_composer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("\n\n".join(f"[link {number}](https://example.org/)" for number in range(40))))
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    page.locator(".message__body a").first.focus()
    for number in range(40):
        expect(page.locator(":focus")).to_have_text(f"link {number}")
        assert page.evaluate(UNCOVERED)
        page.keyboard.press("Tab")


def test_typing_moves_nothing_that_is_read(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("Again.\n\n" * 60))
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    page.mouse.move(640, 300)
    page.mouse.wheel(0, -700)
    page.wait_for_function("() => scrollY + innerHeight < document.scrollingElement.scrollHeight - 500")
    place = page.evaluate("scrollY")
    page.locator("#composer textarea").press_sequentially("Half a thought")
    assert page.evaluate("scrollY") == place
