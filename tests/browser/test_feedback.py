"""Good answer, bad answer, and a comment: with the mouse, the keyboard, a finger, and without JavaScript."""

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from chat.models import Feedback
from tests.browser.axe import faults_in_all_looks
from tests.browser.conftest import PHONE, SIZES, OpenPage
from tests.browser.pages import button, has_status, last_answer, notice, open_actions, send
from tests.support.client import Client
from tests.support.upstream import Gate, ScriptedUpstream, answer, say

pytestmark = pytest.mark.usefixtures("committed")

FEEDBACK = "**/feedback/"


def good(page: Page) -> Locator:
    return button(page, "Good answer").last


def bad(page: Page) -> Locator:
    return button(page, "Bad answer").last


def field(page: Page) -> Locator:
    return last_answer(page).locator(".comment textarea")


def pressed(page: Page, *, is_good: bool, is_bad: bool) -> None:
    expect(good(page)).to_have_attribute("aria-pressed", str(is_good).lower())
    expect(bad(page)).to_have_attribute("aria-pressed", str(is_bad).lower())


def press(page: Page, which: Locator) -> None:
    """And wait until the site has answered."""
    with page.expect_response(FEEDBACK):
        which.click()


def save(page: Page) -> None:
    press(page, button(page, "Save comment"))


def stored() -> list[tuple[str, str]]:
    return list(Feedback.objects.values_list("value", "comment"))


def answered(page: Page, question: str) -> Page:
    send(page, question)
    has_status(last_answer(page), "complete")
    return page


@SIZES
def test_an_answer_is_marked_marked_otherwise_and_not_at_all(
    open_page: OpenPage, alice: Client, question: str, viewport: dict[str, int]
) -> None:
    page = answered(open_page(alice, viewport=viewport), question)
    pressed(page, is_good=False, is_bad=False)
    expect(button(page, "Add a comment")).to_have_count(0)
    for which, value in ((good, "up"), (bad, "down")):
        press(page, which(page))
        pressed(page, is_good=value == "up", is_bad=value == "down")
        expect(page.get_by_role("status").filter(has_text="Marked as a")).to_have_count(1)
        assert stored() == [(value, "")]
    page.reload()
    pressed(page, is_good=False, is_bad=True)
    press(page, bad(page))
    pressed(page, is_good=False, is_bad=False)
    expect(field(page)).to_be_hidden()
    assert stored() == []
    page.reload()
    pressed(page, is_good=False, is_bad=False)


@SIZES
def test_a_comment_is_offered_and_can_be_changed_after_a_reload(
    open_page: OpenPage, alice: Client, question: str, viewport: dict[str, int]
) -> None:
    page = answered(open_page(alice, viewport=viewport), question)
    press(page, good(page))
    expect(field(page)).to_be_in_viewport()
    expect(field(page)).not_to_be_focused()
    field(page).fill("It says why.")
    save(page)
    expect(field(page)).to_be_hidden()
    assert stored() == [("up", "It says why.")]
    for is_reloaded in (False, True):
        if is_reloaded:
            page.reload()
        button(page, "Edit comment").click()
        expect(field(page)).to_have_value("It says why.")
        button(page, "Close").click()
        expect(field(page)).to_be_hidden()
    button(page, "Edit comment").click()
    field(page).fill("")
    save(page)
    expect(button(page, "Add a comment")).to_be_visible()
    assert stored() == [("up", "")]


@SIZES
def test_a_comment_that_cannot_be_sent_stays_and_that_is_said(
    open_page: OpenPage, alice: Client, question: str, viewport: dict[str, int]
) -> None:
    page = answered(open_page(alice, viewport=viewport), question)
    press(page, bad(page))
    field(page).fill("It does not say why.")
    page.route(FEEDBACK, lambda route: route.abort())
    button(page, "Save comment").click()
    expect(last_answer(page).get_by_role("alert")).to_have_text(
        "The site cannot be reached. Check your connection and try again."
    )
    expect(field(page)).to_have_value("It does not say why.")
    page.unroute(FEEDBACK)
    save(page)
    expect(field(page)).to_be_hidden()
    assert stored() == [("down", "It does not say why.")]


def test_a_mark_that_cannot_be_stored_is_taken_off_and_that_is_said(
    open_page: OpenPage, alice: Client, question: str
) -> None:
    page = answered(open_page(alice), question)
    page.route(FEEDBACK, lambda route: route.abort())
    good(page).click()
    expect(notice(page)).to_contain_text("The site cannot be reached.")
    pressed(page, is_good=False, is_bad=False)
    expect(field(page)).to_be_hidden()
    page.unroute(FEEDBACK)
    press(page, good(page))
    expect(notice(page)).to_be_hidden()
    pressed(page, is_good=True, is_bad=False)


def test_an_expired_login_is_said_and_the_comment_stays(open_page: OpenPage, alice: Client, question: str) -> None:
    page = answered(open_page(alice), question)
    press(page, good(page))
    page.context.clear_cookies(name="sessionid")
    field(page).fill("It says why.")
    save(page)
    alert = last_answer(page).get_by_role("alert")
    expect(alert).to_contain_text("Your login has expired.")
    expect(alert.get_by_role("link", name="Log in")).to_be_visible()
    expect(field(page)).to_have_value("It says why.")


def test_what_is_pressed_last_counts_however_fast(open_page: OpenPage, alice: Client, question: str) -> None:
    page = answered(open_page(alice), question)
    values: list[str] = []

    def is_last(response: Response) -> bool:
        if response.url.endswith("/feedback/"):
            values.append(response.request.post_data_json["value"])
        return len(values) == 5

    with page.expect_response(is_last):
        page.evaluate("""() => {
            const [good, bad] = document.querySelectorAll("[data-role=assistant] .feedback__value");
            for (const button of [good, bad, good, good, bad]) button.click();
        }""")
    assert values == ["up", "down", "up", "", "down"]
    pressed(page, is_good=False, is_bad=True)
    assert stored() == [("down", "")]


def test_by_keyboard(open_page: OpenPage, alice: Client, question: str) -> None:
    page = answered(open_page(alice), question)
    good(page).focus()
    with page.expect_response(FEEDBACK):
        page.keyboard.press("Enter")
    expect(good(page)).to_be_focused()
    again = button(page, "Write this answer again")
    details = page.get_by_role("link", name="Details of this answer")
    for where in (bad(page), again, details, button(page, "Add a comment"), field(page)):
        page.keyboard.press("Tab")
        expect(where).to_be_focused()
    page.keyboard.type("Yes")
    page.keyboard.press("Escape")
    expect(field(page)).to_be_hidden()
    expect(button(page, "Add a comment")).to_be_focused()
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value("Yes")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.keyboard.type("indeed")
    with page.expect_response(FEEDBACK):
        page.keyboard.press("Control+Enter")
    expect(button(page, "Edit comment")).to_be_focused()
    assert stored() == [("up", "Yes\nindeed")]


def test_what_the_site_has_is_shown_as_it_was_written(open_page: OpenPage, alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    comment = '"><b>Why</b>\n\n& how'
    alice.post(f"/messages/{start['message']}/feedback/", {"value": "down", "comment": comment})
    page = open_page(alice, f"/c/{start['conversation']}/")
    pressed(page, is_good=False, is_bad=True)
    button(page, "Edit comment").click()
    expect(field(page)).to_have_value(comment)


def test_it_waits_for_the_end_of_the_answer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("Be"), gate, *answer("cause."))
    page = open_page(alice)
    send(page, question)
    expect(last_answer(page).locator(".message__body")).to_have_text("Be")
    expect(last_answer(page).locator(".feedback")).to_be_hidden()
    gate.open()
    has_status(last_answer(page), "complete")
    expect(good(page)).to_be_visible()


@SIZES
def test_nothing_of_an_open_comment_lies_beneath_the_composer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, viewport: dict[str, int]
) -> None:
    upstream.script(question, answer("\n\n".join(f"Paragraph {number}." for number in range(40))))
    page = answered(open_page(alice, viewport=viewport), question)
    page.mouse.move(viewport["width"] / 2, 300)
    page.mouse.wheel(0, -70)
    expect(page.locator("#jump")).to_be_visible()
    press(page, good(page))
    page.wait_for_function("""() => {
        const [comment, dock] = [".comment[open]", ".dock"].map((each) => document.querySelector(each));
        return comment.getBoundingClientRect().bottom <= dock.getBoundingClientRect().top + 1;
    }""")
    expect(good(page)).to_be_in_viewport()


def test_an_older_answers_open_comment_stays_in_view(open_page: OpenPage, alice: Client, question: str) -> None:
    page = answered(open_page(alice), question)
    press(page, good(page))
    field(page).fill("Not yet")
    answered(page, f"{question} On?")
    page.mouse.move(0, 0)
    first = page.locator(".comment[open]")
    expect(first).to_have_css("opacity", "1")
    expect(first.locator("textarea")).to_have_value("Not yet")


def test_without_javascript(open_page: OpenPage, alice: Client, question: str) -> None:
    alice.ask_whole(question)
    page = open_page(alice, java_script_enabled=False)
    page.get_by_role("link", name=question, exact=True).click()
    open_actions(last_answer(page))
    text = page.locator(".comment textarea")
    expect(page.locator(".comment")).to_be_hidden()
    good(page).click()
    pressed(page, is_good=True, is_bad=False)
    page.locator(".comment summary").click()
    text.fill("It says why.")
    button(page, "Save comment").click()
    assert stored() == [("up", "It says why.")]
    page.locator(".comment summary", has_text="Edit comment").click()
    expect(text).to_have_value("It says why.")
    expect(button(page, "Close")).to_be_hidden()
    good(page).click()
    pressed(page, is_good=False, is_bad=False)
    assert stored() == []


def test_nobody_is_kept_out(open_page: OpenPage, alice: Client, question: str) -> None:
    page = answered(open_page(alice), question)
    press(page, bad(page))
    page.route(FEEDBACK, lambda route: route.abort())
    button(page, "Save comment").click()
    expect(last_answer(page).get_by_role("alert")).to_be_visible()
    assert faults_in_all_looks(page) == {}


def test_fingers_find_their_targets(open_page: OpenPage, alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    path = f"/c/{start['conversation']}/"
    page = open_page(alice, path, viewport=PHONE, has_touch=True, is_mobile=True)
    press(page, good(page))
    targets = page.locator(".actions :is(.action, .button, textarea)").all()
    boxes = [target.bounding_box() for target in targets if target.is_visible()]
    assert len(boxes) >= 8
    assert [box for box in boxes if box and min(box["width"], box["height"]) < 44] == [], boxes
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
