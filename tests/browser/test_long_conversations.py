"""A long conversation in Chromium: it opens at its end, and what is above comes as the reader goes there."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from chat.core.pagination import MOST_MESSAGES
from chat.models import Conversation, Message
from tests.browser.conftest import PHONE, SIZES, OpenPage
from tests.browser.pages import body, button, has_status, last_answer, send
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say

pytestmark = pytest.mark.usefixtures("committed")

NUMBER = 100
ANSWER = (
    """Answer **{number}**, with a list:

- one
- two

```python
print({number})
```

"""
    + "And a paragraph that is long enough to be a few lines on a phone and more than one on a desk. " * 4
)
AT_END = "() => Math.abs(document.documentElement.scrollHeight - innerHeight - scrollY) < 2"
TOP = "(id) => document.getElementById(id).getBoundingClientRect().top"
SHOWN = "() => Array.from(document.querySelectorAll('.thread .message'), ({ id }) => id.replace('message-', ''))"

Long = tuple[Conversation, list[Message]]


def text_of(number: int) -> str:
    return ANSWER.replace("{number}", str(number)) if number % 2 else f"Question {number}?"


@pytest.fixture
def long(alice: Client) -> Long:
    assert alice.user
    return stored_conversation(alice.user.pk, [text_of(number) for number in range(NUMBER)])


def shown(page: Page) -> list[str]:
    return page.evaluate(SHOWN)


def ids(messages: list[Message]) -> list[str]:
    return [str(message.pk) for message in messages]


def more_than(page: Page, count: int) -> None:
    page.wait_for_function(f"() => document.querySelectorAll('.thread .message').length > {count}")


def settled(page: Page) -> None:
    """Markdown near the screen is rendered, and laid out."""
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-role="assistant"] .message__body')].every((body) => {
            const { top, bottom } = body.getBoundingClientRect();
            return bottom < 0 || top > innerHeight || body.matches(".markdown");
        })"""
    )
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")


def scroll_to_top(page: Page) -> None:
    page.evaluate("scrollTo(0, 0)")


class Held:
    """Requests for earlier messages wait at the site's door until they are let go."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._waiting: list[Route] = []
        self._is_open = False

    def __enter__(self) -> Callable[[], None]:
        self._page.route("**/ancestors/**", self._came)
        return self._let_go

    def __exit__(self, *args: object) -> None:
        self._page.unroute("**/ancestors/**", self._came)

    def _came(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self._waiting.append(route)

    def _let_go(self) -> None:
        self._is_open = True
        for route in self._waiting:
            route.continue_()


# Opening


@SIZES
def test_it_opens_at_its_end(open_page: OpenPage, alice: Client, long: Long, viewport: dict[str, int]) -> None:
    conversation, messages = long
    page = open_page(alice, conversation.get_absolute_url(), viewport=viewport)
    settled(page)
    page.wait_for_function(AT_END)
    assert shown(page) == ids(messages[-MOST_MESSAGES:])
    expect(body(last_answer(page)).locator("strong")).to_be_in_viewport(ratio=0)
    expect(page.locator("#composer textarea")).to_be_in_viewport()


# Scrolling up


@SIZES
def test_earlier_messages_come_when_the_reader_scrolls_up_and_move_nothing(
    open_page: OpenPage, alice: Client, long: Long, viewport: dict[str, int]
) -> None:
    conversation, messages = long
    page = open_page(alice, conversation.get_absolute_url(), viewport=viewport)
    settled(page)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "ancestors" in request.url else None)
    while len(shown(page)) < NUMBER:
        before = shown(page)
        read = f"message-{before[0]}"
        with Held(page) as let_go:
            page.evaluate("(id) => document.getElementById(id).scrollIntoView({ behavior: 'instant' })", read)
            settled(page)
            top = page.evaluate(TOP, read)
            let_go()
            more_than(page, len(before))
            settled(page)
        assert abs(page.evaluate(TOP, read) - top) <= 2
        assert shown(page)[-len(before) :] == before
    assert shown(page) == ids(messages)
    expect(page.locator(".earlier")).to_have_count(0)
    assert len(requests) == len(set(requests)), "None was asked for twice"
    scroll_to_top(page)
    settled(page)
    expect(body(page.locator(".thread .message").nth(1)).locator("strong")).to_have_text("1")


def test_at_the_very_top_nothing_moves_either(open_page: OpenPage, alice: Client, long: Long) -> None:
    """There Chromium's own scroll anchoring does nothing."""
    conversation, _ = long
    page = open_page(alice, conversation.get_absolute_url())
    settled(page)
    before = shown(page)
    with Held(page) as let_go:
        scroll_to_top(page)
        settled(page)
        top = page.evaluate(TOP, f"message-{before[0]}")
        let_go()
        more_than(page, len(before))
        settled(page)
    assert page.evaluate("scrollY") > 0
    assert abs(page.evaluate(TOP, f"message-{before[0]}") - top) <= 2


def test_without_scroll_anchoring_nothing_moves_either(open_page: OpenPage, alice: Client, long: Long) -> None:
    """As in Safari."""
    conversation, _ = long
    page = open_page(alice, conversation.get_absolute_url())
    page.evaluate("document.documentElement.style.overflowAnchor = 'none'")
    settled(page)
    before = shown(page)
    with Held(page) as let_go:
        page.evaluate("(id) => document.getElementById(id).scrollIntoView()", f"message-{before[2]}")
        settled(page)
        top = page.evaluate(TOP, f"message-{before[2]}")
        let_go()
        more_than(page, len(before))
        settled(page)
    assert abs(page.evaluate(TOP, f"message-{before[2]}") - top) <= 2


# By keyboard


def test_the_button_works_by_keyboard_and_keeps_the_focus(open_page: OpenPage, alice: Client, long: Long) -> None:
    conversation, messages = long
    page = open_page(alice, conversation.get_absolute_url())
    settled(page)
    earlier = button(page, "Show earlier messages")
    for count in (2 * MOST_MESSAGES, 3 * MOST_MESSAGES):
        before = len(shown(page))
        earlier.evaluate("element => element.focus({ preventScroll: true })")
        page.keyboard.press("Enter")
        more_than(page, before)
        assert len(shown(page)) >= count
        expect(earlier).to_be_focused()
    expect(page.locator("#status")).to_have_text(re.compile(r"^\d+ earlier messages are shown\.$"))
    while len(shown(page)) < NUMBER:
        before = len(shown(page))
        page.keyboard.press("Enter")
        more_than(page, before)
    expect(page.locator(f"#message-{messages[0].pk}")).to_be_focused()


# When it fails


def test_a_failure_is_said_and_tried_again_when_asked(open_page: OpenPage, alice: Client, long: Long) -> None:
    conversation, _ = long
    page = open_page(alice, conversation.get_absolute_url())
    settled(page)
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("**/ancestors/**", refuse)
    before = len(shown(page))
    scroll_to_top(page)
    expect(page.locator(".earlier__failure")).to_have_text(
        "The site cannot be reached. Check your connection and try again."
    )
    page.mouse.wheel(0, 2000)
    scroll_to_top(page)
    expect(button(page, "Try again")).to_be_visible()
    assert len(asked) == 1, "It does not ask on and on"
    page.unroute("**/ancestors/**", refuse)
    button(page, "Try again").click()
    more_than(page, before)
    expect(page.locator(".earlier__failure")).to_be_hidden()
    expect(button(page, "Show earlier messages")).to_have_count(1)


def test_an_expired_login_is_said_with_the_way_back(
    open_page: OpenPage, alice: Client, long: Long, complaints: list[str]
) -> None:
    conversation, _ = long
    page = open_page(alice, conversation.get_absolute_url())
    settled(page)
    page.context.clear_cookies()
    scroll_to_top(page)
    expect(page.locator(".earlier__failure")).to_contain_text("Your login has expired.")
    expect(page.locator(".earlier__failure a")).to_have_text("Log in")


# Links to a message


@SIZES
def test_a_link_to_an_early_message_leads_there(
    open_page: OpenPage, alice: Client, long: Long, viewport: dict[str, int]
) -> None:
    conversation, messages = long
    target = messages[11]
    page = open_page(alice, f"{conversation.get_absolute_url()}#message-{target.pk}", viewport=viewport)
    expect(body(page.locator(f"#message-{target.pk}"))).to_be_in_viewport()
    expect(body(page.locator(f"#message-{target.pk}")).locator("strong")).to_have_text("11")
    settled(page)
    assert 0 <= page.evaluate(TOP, f"message-{target.pk}") < viewport["height"] / 2
    assert shown(page)[-(NUMBER - 11) :] == ids(messages[11:])


def test_a_link_followed_on_the_page_leads_there_too(open_page: OpenPage, alice: Client, long: Long) -> None:
    conversation, messages = long
    page = open_page(alice, conversation.get_absolute_url())
    settled(page)
    for target in (messages[21], messages[-9]):
        page.evaluate("(hash) => (location.hash = hash)", f"message-{target.pk}")
        expect(body(page.locator(f"#message-{target.pk}"))).to_be_in_viewport()
        settled(page)


def test_a_link_to_a_message_of_another_conversation_leads_to_the_end(
    open_page: OpenPage, alice: Client, long: Long
) -> None:
    conversation, _ = long
    assert alice.user
    _, others = stored_conversation(alice.user.pk, ["a", "b"])
    with_fragment = f"{conversation.get_absolute_url()}#message-{others[0].pk}"
    page = open_page(alice)
    with page.expect_response("**/ancestors/**") as response:
        page.goto(page.url.rstrip("/") + with_fragment)
    assert response.value.status == 404
    settled(page)
    page.wait_for_function(AT_END)
    expect(page.locator(".earlier__failure")).to_be_hidden()


# Coming back


def test_a_reload_finds_the_place_where_the_reader_was(open_page: OpenPage, alice: Client, long: Long) -> None:
    conversation, messages = long
    read = f"message-{messages[31].pk}"
    page = open_page(alice, f"{conversation.get_absolute_url()}#{read}")
    expect(body(page.locator(f"#{read}"))).to_be_in_viewport()
    settled(page)
    page.evaluate("history.replaceState(null, '', location.pathname); scrollBy(0, -120)")
    settled(page)
    top = page.evaluate(TOP, read)
    page.reload()
    expect(body(page.locator(f"#{read}"))).to_be_in_viewport()
    settled(page)
    assert abs(page.evaluate(TOP, read) - top) <= 40, "The rest is the Markdown above it, before it was rendered"


def test_a_reload_at_the_end_stays_at_the_end(open_page: OpenPage, alice: Client, long: Long) -> None:
    conversation, _ = long
    page = open_page(alice, conversation.get_absolute_url())
    settled(page)
    before = len(shown(page))
    scroll_to_top(page)
    more_than(page, before)
    button(page, "Jump to latest").click()
    page.wait_for_function(AT_END)
    page.reload()
    settled(page)
    page.wait_for_function(AT_END)
    assert len(shown(page)) == MOST_MESSAGES


# Going on


@SIZES
def test_an_answer_that_streams_in_stays_in_view(
    open_page: OpenPage,
    alice: Client,
    upstream: ScriptedUpstream,
    question: str,
    long: Long,
    viewport: dict[str, int],
) -> None:
    conversation, messages = long
    middle, end = Gate(), Gate()
    lines = [say(f"Line {number}\n\n") for number in range(60)]
    upstream.script(question, *lines[:30], middle, *lines[30:], end, say("The end."), finish(), done())
    page = open_page(alice, conversation.get_absolute_url(), viewport=viewport)
    settled(page)
    send(page, question)
    expect(body(last_answer(page))).to_contain_text("Line 29")
    page.wait_for_function(AT_END)
    middle.open()
    expect(body(last_answer(page))).to_contain_text("Line 59")
    page.wait_for_function(AT_END)
    end.open()
    has_status(last_answer(page), "complete")
    page.wait_for_function(AT_END)
    assert shown(page)[:MOST_MESSAGES] == ids(messages[-MOST_MESSAGES:])
    assert Message.objects.get(pk=shown(page)[-2]).parent_id == messages[-1].pk


def test_who_reads_above_while_an_answer_streams_in_is_not_moved(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, long: Long
) -> None:
    conversation, _ = long
    middle = Gate()
    lines = [say(f"Line {number}\n\n") for number in range(60)]
    upstream.script(question, *lines[:30], middle, *lines[30:], finish(), done())
    page = open_page(alice, conversation.get_absolute_url())
    settled(page)
    send(page, question)
    expect(body(last_answer(page))).to_contain_text("Line 29")
    before = shown(page)
    scroll_to_top(page)
    more_than(page, len(before))
    settled(page)
    top = page.evaluate(TOP, f"message-{before[0]}")
    middle.open()
    has_status(last_answer(page), "complete")
    assert abs(page.evaluate(TOP, f"message-{before[0]}") - top) <= 2


def test_tabs_follow_each_other_in_a_long_conversation(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, long: Long
) -> None:
    conversation, _ = long
    upstream.script(question, say("For both."), finish(), done())
    page = open_page(alice, conversation.get_absolute_url())
    other = page.context.new_page()
    other.goto(page.url)
    settled(other)
    send(page, question)
    expect(body(last_answer(other))).to_have_text("For both.")
    expect(other.locator("#notice")).to_be_hidden()


def test_what_is_loaded_is_printed_as_markdown(open_page: OpenPage, alice: Client, long: Long) -> None:
    conversation, _ = long
    page = open_page(alice, conversation.get_absolute_url(), viewport=PHONE)
    settled(page)
    plain = page.locator('[data-role="assistant"] .message__body:not(.markdown)')
    assert plain.count() > 0, "Proves that some wait to be rendered"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(plain).to_have_count(0)
    page.emulate_media(media="print")
    expect(page.get_by_text("Earlier messages of this conversation are not shown here.")).to_be_visible()
    expect(button(page, "Show earlier messages")).to_be_hidden()


def test_a_part_that_was_printed_offers_all_of_it(open_page: OpenPage, alice: Client, long: Long) -> None:
    conversation, _ = long
    page = open_page(alice, conversation.get_absolute_url())
    page.add_init_script("window.print = () => { document.title = document.querySelectorAll('.message').length; }")
    settled(page)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.get_by_role("link", name="Print all of it").click()
    expect(page).to_have_title(str(NUMBER))
    expect(page.get_by_role("button", name="Show earlier messages")).to_have_count(0)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator("#notice")).to_be_hidden()


def test_without_javascript_a_link_shows_earlier_messages(open_page: OpenPage, alice: Client, long: Long) -> None:
    conversation, _ = long
    page = open_page(alice, conversation.get_absolute_url(), java_script_enabled=False)
    first = page.locator(".thread .message").first
    name: Any = first.get_attribute("id")
    page.get_by_role("link", name="Show earlier messages").click()
    expect(page.locator(".thread .message")).to_have_count(NUMBER)
    expect(page.locator(f"#{name}")).to_be_in_viewport()
