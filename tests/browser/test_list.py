"""The list of conversations: renamed, pinned, archived, deleted and back, live in all tabs, by page and by key."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Locator, Page, Route, expect

from chat.models import Conversation
from tests.browser.axe import faults_in_all_looks
from tests.browser.conftest import PHONE, SIZES, OpenPage
from tests.browser.pages import button, composer, has_status, last_answer, notice, send, set_hidden
from tests.http.test_list import listed, post
from tests.support.client import Client
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, say

NOTED = """
globalThis.noted = [];
class Noted extends EventTarget {
  static permission = "granted";
  static requestPermission = async () => "granted";
  constructor(words) { super(); noted.push(words); }
}
globalThis.Notification = Noted;
"""

pytestmark = pytest.mark.usefixtures("committed")

MENU = ".sidebar__menu"
"""The button of an entry's menu."""


FAIL_ONCE = """() => {
    const { parseFromString } = DOMParser.prototype;
    DOMParser.prototype.parseFromString = () => {
        DOMParser.prototype.parseFromString = parseFromString;
        throw new Error("Odd");
    };
}"""


def opened(page: Page) -> Page:
    """With the list on show."""
    if page.viewport_size == PHONE:
        button(page, "Conversations").click()
    return page


def item(page: Page, title: str) -> Locator:
    return page.locator(".sidebar__entry").filter(has=page.get_by_role("link", name=title, exact=True))


def titles(page: Page) -> Locator:
    return page.locator("#conversation-list a[data-id]")


def one_line(page: Page, title: str) -> None:
    """The button of the menu stands beside the title."""
    link, menu = (item(page, title).locator(part).bounding_box() for part in ("a[data-id]", MENU))
    assert link
    assert menu
    assert menu["y"] < link["y"] + link["height"] / 2 < menu["y"] + menu["height"]


def choose(page: Page, title: str, action: str) -> None:
    item(page, title).hover()
    item(page, title).locator(MENU).click()
    item(page, title).locator(".menu__item", has_text=re.compile(f"^{action}$")).click()


def choose_on_its_page(page: Page, title: str, action: str) -> None:
    """Without scripts."""
    item(page, title).hover()
    item(page, title).locator(MENU).click()
    page.locator("main").get_by_role("button", name=action, exact=True).click()


@SIZES
def test_one_is_renamed_pinned_archived_deleted_and_back(
    open_page: OpenPage, alice: Client, viewport: dict[str, int]
) -> None:
    first, second, third = listed(alice, 3)
    page = opened(open_page(alice, first.get_absolute_url(), viewport=viewport))
    one_line(page, first.title)
    choose(page, first.title, "Rename")
    field = page.get_by_role("textbox", name="Title of the conversation")
    expect(field).to_be_focused()
    field.press("Escape")
    expect(item(page, first.title).get_by_role("link")).to_be_visible()
    choose(page, first.title, "Rename")
    field.fill("Zebra")
    field.press("Enter")
    expect(item(page, "Zebra").get_by_role("link")).to_be_visible()
    expect(page.locator("#title")).to_have_text("Zebra")
    choose(page, "Zebra", "Pin")
    expect(titles(page)).to_have_text(["Zebra", third.title, second.title])
    expect(page.locator(".sidebar__day")).to_have_text(["Pinned", "Today"])
    expect(page.locator("#conversation-list [aria-current]")).to_have_text("Zebra")
    choose(page, third.title, "Archive")
    expect(titles(page)).to_have_text(["Zebra", second.title])
    choose(page, second.title, "Delete")
    expect(titles(page)).to_have_text(["Zebra"])
    expect(button(page, "Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(titles(page)).to_have_text(["Zebra", second.title])
    expect(item(page, second.title).get_by_role("link")).to_be_focused()
    page.reload()
    expect(titles(page)).to_have_text(["Zebra", second.title])


def test_what_was_done_can_be_taken_back_by_the_same_menu_at_once(open_page: OpenPage, alice: Client) -> None:
    first, second = listed(alice, 2)
    page = open_page(alice)
    choose(page, first.title, "Pin")
    expect(titles(page)).to_have_text([first.title, second.title])
    expect(item(page, first.title).locator(MENU)).to_be_focused()
    choose(page, first.title, "Unpin")
    expect(titles(page)).to_have_text([second.title, first.title])
    expect(item(page, first.title).locator(MENU)).to_be_focused()


def test_thirty_quick_clicks_leave_one_menu_which_is_of_the_last(open_page: OpenPage, alice: Client) -> None:
    first, second, third = listed(alice, 3)
    Conversation.objects.filter(pk=third.pk).update(is_pinned=True)
    page = open_page(alice, first.get_absolute_url())
    menus = page.get_by_role("group", name="Actions").filter(has=page.locator("[data-keep]"))
    clicks = "for (let at = 0; at < 30; at++) document.querySelectorAll(buttons)[at % 3].click();"
    page.evaluate(f"(buttons) => {{ {clicks} }}", MENU)
    expect(page.locator(f"{MENU}[aria-expanded=true]")).to_have_count(1)
    expect(menus).to_have_count(1)
    expect(item(page, first.title).locator(menus)).to_contain_text("Pin")
    assert menus.get_by_role("button").all_text_contents() == ["Rename", "Pin", "Archive", "Delete"]
    item(page, third.title).locator(MENU).click()
    assert menus.get_by_role("button").all_text_contents() == ["Rename", "Unpin", "Archive", "Delete"]
    # It goes while it is open, and with it what it was asked for.
    page.keyboard.press("Tab")
    Conversation.objects.filter(pk=third.pk).update(is_archived=True)
    set_hidden(page, hidden=False)  # it is looked at again
    expect(item(page, third.title)).to_have_count(0)
    expect(menus).to_have_count(0)
    expect(item(page, second.title).get_by_role("link")).to_be_focused()
    item(page, second.title).locator(MENU).click()
    expect(item(page, second.title).locator(menus)).to_be_visible()
    page.keyboard.press("Escape")
    expect(menus).to_have_count(0)
    expect(item(page, second.title).get_by_role("button", name=f"Actions for “{second.title}”")).to_be_focused()


def test_a_menu_that_is_opened_while_another_goes_stays_open(open_page: OpenPage, alice: Client) -> None:
    first, second, *_others = listed(alice, 8)
    page, held = open_page(alice, first.get_absolute_url()), list[Route]()
    page.route("**/deletion/", lambda route: held.append(route))
    with page.expect_request("**/deletion/"):
        choose(page, second.title, "Delete")
    item(page, first.title).locator(MENU).click()
    rename = item(page, first.title).locator(".menu__item", has_text="Rename")
    expect(rename).to_be_visible()
    held[0].continue_()
    page.locator(".deleted").wait_for()
    expect(rename).to_be_visible()


@pytest.mark.parametrize("action", ["Delete", "Archive"])
def test_what_is_heard_of_it_before_it_is_done_moves_no_focus(open_page: OpenPage, alice: Client, action: str) -> None:
    first, second, third = listed(alice, 3)
    page, held = open_page(alice, first.get_absolute_url()), list[tuple[Route, APIResponse]]()
    page.route("**/deletion/", lambda route: held.append((route, route.fetch())))
    page.route("**/shelf/", lambda route: held.append((route, route.fetch())))
    choose(page, third.title, action)
    expect(item(page, third.title).locator(MENU)).to_be_focused()
    page.wait_for_timeout(1_000)  # in which the page hears of it
    expect(item(page, third.title).locator(MENU)).to_be_focused()
    route, response = held[0]
    route.fulfill(response=response)
    expect(
        button(page, "Undo") if action == "Delete" else item(page, second.title).get_by_role("link")
    ).to_be_focused()


def test_it_is_for_everybody(open_page: OpenPage, alice: Client) -> None:
    first, second, *_others = listed(alice, 8)  # the menu of the last hides nothing of the first
    page = open_page(alice, first.get_absolute_url())
    choose(page, second.title, "Delete")
    choose(page, first.title, "Rename")
    button(page, "Save").wait_for()
    page.locator(MENU).first.click(force=True)
    assert faults_in_all_looks(page) == {}
    for other in ("/archive/", f"{first.get_absolute_url()}actions/"):
        page.goto(alice.url + other)
        assert faults_in_all_looks(page) == {}


@SIZES
def test_the_one_on_show_is_deleted_and_a_new_one_says_so(
    open_page: OpenPage, alice: Client, viewport: dict[str, int]
) -> None:
    (conversation,) = listed(alice)
    page = opened(open_page(alice, conversation.get_absolute_url(), viewport=viewport))
    choose(page, conversation.title, "Delete")
    page.wait_for_url("**/?deleted=*")
    expect(page.locator("main")).to_contain_text(f"“{conversation.title}” was deleted.")
    expect(titles(page)).to_have_count(0)
    button(page, "Undo").click()
    expect(page.locator("#title")).to_have_text(conversation.title)


def test_without_scripts(open_page: OpenPage, alice: Client) -> None:
    first, second = listed(alice, 2)
    page = open_page(alice, first.get_absolute_url(), java_script_enabled=False)
    item(page, second.title).locator(MENU).click(force=True)
    page.get_by_label("Title of the conversation").fill("Zebra")
    page.get_by_label("Title of the conversation").press("Enter")
    expect(page.locator("#title")).to_have_text(first.title)
    choose_on_its_page(page, "Zebra", "Pin")
    expect(page.locator(".sidebar__day").first).to_have_text("Pinned")
    choose_on_its_page(page, first.title, "Archive")
    expect(titles(page)).to_have_text(["Zebra"])
    page.goto(page.url.replace(first.get_absolute_url(), "/archive/"))
    page.get_by_role("button", name=f"Put “{first.title}” back").click()
    expect(page.locator("main")).to_contain_text("Nothing is archived.")
    page.get_by_role("link", name="To the conversations").click()
    choose_on_its_page(page, first.title, "Delete")
    button(page, "Undo").click()
    expect(titles(page)).to_have_text(["Zebra", first.title])


@SIZES
def test_older_ones_come_when_its_end_is_reached(open_page: OpenPage, alice: Client, viewport: dict[str, int]) -> None:
    listed(alice, 120)
    page = opened(open_page(alice, viewport=viewport))
    for count in (100, 120):
        page.locator(".sidebar__more").scroll_into_view_if_needed()
        expect(titles(page)).to_have_count(count)
    expect(page.locator(".sidebar__more")).to_have_count(0)
    expect(page.locator(".sidebar__day")).to_have_text(["Today"])
    assert len(set(titles(page).all_text_contents())) == 120


def test_one_failure_ends_neither_the_list_nor_its_older_entries(
    open_page: OpenPage, alice: Client, complaints: list[str]
) -> None:
    listed(alice, 120)
    page = open_page(alice)
    page.route("**/conversations/?after=*", lambda route: route.fulfill(status=503), times=1)
    with page.expect_response("**/conversations/?after=*") as failed:
        page.locator(".sidebar__more").scroll_into_view_if_needed()
    assert failed.value.status == 503
    expect(titles(page)).to_have_count(100)
    # What this page cannot read.
    newest = Conversation.objects.order_by("activity").last()
    assert newest
    page.evaluate(FAIL_ONCE)
    page.route("**/conversations/", lambda route: route.fulfill(body="<li>", content_type="text/html"), times=1)
    with page.expect_response("**/conversations/"):
        set_hidden(page, hidden=False)  # it is looked at again
    newest.title = "Renamed elsewhere"
    newest.save()
    expect(titles(page).first).to_have_text("Renamed elsewhere")
    assert len(complaints) == 1, "Proves that the page could not read it"
    complaints.clear()


def test_a_page_says_that_the_site_is_newer_and_loses_nothing(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    composer(page).fill("Half a thought")
    said = 'event: version\ndata: {"version":"newer"}\n\n'
    page.route("**/hints/", lambda route: route.fulfill(body=said, content_type="text/event-stream"))
    page.reload()
    expect(notice(page)).to_contain_text("This site has a new version.")
    page.unroute("**/hints/")
    notice(page).get_by_role("link", name="Reload the page").click()
    expect(notice(page)).to_be_hidden()
    expect(composer(page)).to_have_value("Half a thought")


def test_an_answer_is_marked_in_every_tab_while_it_is_written(
    context_for: Callable[..., BrowserContext], site: Site, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("Because"), gate, *answer("."))
    context = context_for(alice)
    here, there = context.new_page(), context.new_page()
    for page in (here, there):
        page.goto(site.url)
    send(here, question)
    for page in (here, there):
        expect(item(page, question).locator(".sidebar__mark")).to_be_visible()
    gate.open()
    has_status(last_answer(here), "complete")
    for page in (here, there):
        expect(item(page, question).locator(".sidebar__mark")).to_be_hidden()


def test_what_changes_elsewhere_takes_nothing_out_of_the_hands(open_page: OpenPage, alice: Client) -> None:
    first, second, third = listed(alice, 3)
    page = open_page(alice)
    choose(page, first.title, "Rename")
    field = page.get_by_role("textbox", name="Title of the conversation")
    field.fill("Half a na")
    item(page, second.title).hover()
    Conversation.objects.filter(pk=first.pk).update(activity=99)
    Conversation.objects.filter(pk=third.pk).update(title="Zebra")
    listed(alice)
    set_hidden(page, hidden=False)  # it is looked at again
    expect(titles(page)).to_have_text([first.title, re.compile("."), "Zebra", second.title])
    expect(field).to_be_focused()
    expect(field).to_have_value("Half a na")
    page.keyboard.type("me")
    page.keyboard.press("Enter")
    expect(item(page, "Half a name").get_by_role("link")).to_be_visible()


def heard(page: Page) -> Page:
    """Once it hears of what changes.

    The first stream after a while without any is told that all may have changed, and so is that of a page that was
    rendered before it: the second page is rendered while there is one.
    """
    for _ in range(2):
        with page.expect_response("**/hints/"):
            page.reload()
    return page


def test_what_is_done_on_another_device_is_shown_at_once(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    """By requests of somebody else's making: no page of this browser has done it, and nobody asks again."""
    first, second, third = listed(alice, 3)
    page = heard(open_page(alice, first.get_absolute_url()))
    asked: list[str] = []
    post(alice, second, "title", {"title": "Zebra"})
    expect(titles(page)).to_have_text([third.title, "Zebra", first.title])
    post(alice, first, "title", {"title": "On show"})
    expect(page.locator("#title")).to_have_text("On show")
    page.on("request", lambda request: asked.append(request.url) if "/conversations/" in request.url else None)
    post(alice, second, "deletion")
    expect(titles(page)).to_have_text([third.title, "On show"])
    post(alice, second, "restoration")
    expect(titles(page)).to_have_text([third.title, "Zebra", "On show"])
    post(alice, first, "shelf", {"pinned": True})
    expect(titles(page)).to_have_text(["On show", third.title, "Zebra"])
    assert [url.partition("/conversations/")[2] for url in asked] == [f"{second.pk}/", "", ""]
    gate = Gate()
    upstream.script(question, say("Because"), gate, *answer("."))
    with alice.ask(question, str(second.pk)) as stream:
        expect(titles(page)).to_have_text(["On show", "Zebra", third.title])
        expect(item(page, "Zebra").locator(".sidebar__mark")).to_be_visible()
        gate.open()
        stream.rest()
    expect(item(page, "Zebra").locator(".sidebar__mark")).to_be_hidden()
    asked.clear()
    alice.ask_whole(f"{question} In a new one?")
    expect(titles(page)).to_have_text(["On show", f"{question} In a new one?", "Zebra", third.title])


def test_an_answer_that_is_asked_for_on_another_device_appears(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    ids = alice.ask_whole(question).start
    assert ids
    page = heard(open_page(alice, f"/c/{ids['conversation']}/"))
    gate = Gate()
    upstream.script("And then?", say("Because"), gate, *answer("."))
    with alice.ask("And then?", ids["conversation"], parent=ids["message"]) as stream:
        expect(page.locator('[data-role="user"]')).to_have_count(2)
        expect(last_answer(page)).to_contain_text("Because")
        gate.open()
        stream.rest()
    has_status(last_answer(page), "complete")
    expect(composer(page)).to_be_editable()
    assert page.evaluate("performance.getEntriesByType('navigation')[0].type") == "reload", "It is the same page"


def test_after_an_answer_a_page_asks_for_one_entry(open_page: OpenPage, alice: Client, question: str) -> None:
    first, *_ = listed(alice, 3)
    page = heard(open_page(alice, first.get_absolute_url()))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/conversations/" in request.url else None)
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(item(page, first.title).locator(".sidebar__mark")).to_be_hidden()
    expect(titles(page).first).to_have_text(first.title)
    assert [url.partition("/conversations/")[2] for url in asked] == [f"{first.pk}/"]


def test_a_hidden_tab_does_not_ask(open_page: OpenPage, alice: Client) -> None:
    page = heard(open_page(alice))
    page.clock.install()
    page.reload()
    asked: list[str] = []
    with page.expect_response("**/hints/"):
        page.clock.run_for(1_500)
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_event("requestfailed", lambda request: "/hints/" in request.url):
        set_hidden(page, hidden=True)
        page.clock.run_for(11_000)
    page.clock.run_for(60_000)
    assert asked == []
    with page.expect_request("**/conversations/"):
        set_hidden(page, hidden=False)
    page.clock.run_for(5_000)
    assert len([url for url in asked if "/conversations/" in url]) == 1


def test_an_answer_that_ends_unseen_is_told_by_the_title_and_by_a_notification(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("Because"), gate, *answer("."))
    page = open_page(alice, permissions=["notifications"])
    page.add_init_script(NOTED)
    page.goto(f"{alice.url}/settings/")
    page.get_by_label("Tell me by a notification").check()
    page.goto(alice.url)
    send(page, question)
    expect(last_answer(page)).to_contain_text("Because")
    before = page.title()
    set_hidden(page, hidden=True)
    gate.open()
    expect(page).to_have_title(f"● Answered: {before}")
    page.wait_for_function("() => noted.length")
    assert page.evaluate("noted") == [question], "The title, and no word of the answer"
    set_hidden(page, hidden=False)
    expect(page).to_have_title(before)
    page.goto(f"{alice.url}/settings/")
    page.get_by_label("Tell me by a notification").uncheck()
    assert page.evaluate("localStorage.getItem('chatsite.notifications')") is None


def test_notifications_that_the_browser_refuses_stay_off_and_it_is_said(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice, "/settings/")
    box = page.get_by_label("Tell me by a notification")
    box.click()
    expect(page.locator("#notifications")).to_contain_text("This browser does not let the site send notifications.")
    expect(box).not_to_be_checked()
