"""Conversations at hand, with nothing but the keyboard: what a mouse does, Tab, Enter, Space and Escape do too."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from chat.models import Conversation, Share
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.pages import PASSWORD, button, composer, give_password, has_status, last_answer, log_in
from tests.http.test_list import listed
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.upstream import ScriptedUpstream, answer

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"]),
]

MOST_TABS = 60
MENU = ".sidebar__menu"
"""The button of an entry's menu."""


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab until `target` has the focus, and see that it can be seen to have it."""
    for _ in range(MOST_TABS):
        page.keyboard.press(key)
        if target.count() and target.evaluate("element => element === document.activeElement"):
            expect(target).to_be_in_viewport()
            return
    raise AssertionError(f"{target} is not reached by {key}")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    tab_to(page, target)
    page.keyboard.press(key)


def show_list(page: Page) -> None:
    """From the beginning of the page into the list; on a phone it is a drawer that takes the focus."""
    if page.viewport_size == PHONE:
        press(page, button(page, "Conversations"))


def item(page: Page, title: str) -> Locator:
    return page.locator(".sidebar__entry").filter(has=page.get_by_role("link", name=title, exact=True))


def choose(page: Page, title: str, action: str, key: str = "Enter") -> None:
    press(page, item(page, title).locator(MENU), key)
    press(page, item(page, title).locator(".menu__item", has_text=re.compile(f"^{action}$")))


def titles(page: Page) -> Locator:
    return page.locator("#conversation-list a[data-id]")


def test_the_list(open_page: OpenPage, alice: Client, viewport: dict[str, int]) -> None:
    first, second, third = listed(alice, 3)
    page = open_page(alice, first.get_absolute_url(), viewport=viewport)
    page.locator("body").press("Home")
    show_list(page)
    choose(page, third.title, "Rename")
    expect(page.get_by_role("textbox", name="Title of the conversation")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("Zebra")
    page.keyboard.press("Enter")
    expect(item(page, "Zebra").locator(MENU)).to_be_focused()
    choose(page, second.title, "Pin", "Space")
    expect(titles(page)).to_have_text([second.title, "Zebra", first.title])
    expect(item(page, second.title).locator(MENU)).to_be_focused()
    choose(page, "Zebra", "Delete")
    expect(button(page, "Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(item(page, "Zebra").get_by_role("link")).to_be_focused()
    choose(page, "Zebra", "Archive")
    expect(titles(page)).to_have_text([second.title, first.title])
    expect(item(page, first.title).get_by_role("link")).to_be_focused()


def test_search_and_the_jump_into_another_branch(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, viewport: dict[str, int]
) -> None:
    upstream.script(question, answer("The elder zebra."))
    upstream.script(question, answer("The younger one."))
    start = alice.ask_whole(question).start
    assert start
    elder = start["message"]
    alice.regenerate(elder).rest()
    page = open_page(alice, viewport=viewport)
    page.locator("body").press("Home")
    show_list(page)
    tab_to(page, page.locator("#conversations #query"))
    page.keyboard.type("zebra")
    page.keyboard.press("Enter")
    expect(page.locator("mark")).to_have_text("zebra")
    press(page, page.locator(".search__link"))
    expect(page).to_have_url(re.compile(rf"#message-{elder}$"))
    expect(page.locator(f"#message-{elder}")).to_contain_text("The elder zebra.")
    expect(page.locator(f"#message-{elder}")).to_be_in_viewport()


def test_settings_of_a_conversation(
    open_page: OpenPage, alice: Client, question: str, viewport: dict[str, int]
) -> None:
    page = open_page(alice, viewport=viewport)
    expect(composer(page)).to_be_focused()
    press(page, page.locator("#options-button"))
    tab_to(page, page.get_by_label("System prompt"))
    page.keyboard.type("You are wise.")
    page.keyboard.press("Escape")
    expect(page.locator("#options-button")).to_be_focused()
    tab_to(page, composer(page), "Shift+Tab")
    page.keyboard.type(question)
    page.keyboard.press("Enter")
    has_status(last_answer(page), "complete")
    assert Conversation.objects.get().system_prompt == "You are wise."


def test_a_prompt_is_written_and_called(open_page: OpenPage, alice: Client, viewport: dict[str, int]) -> None:
    page = open_page(alice, "/settings/prompts/", viewport=viewport)
    tab_to(page, page.get_by_label("Name"))
    page.keyboard.type("letter")
    tab_to(page, page.get_by_label("Text"))
    page.keyboard.type("Write a letter.")
    press(page, page.locator("main button[type=submit]").first)
    expect(page.get_by_role("link", name="letter", exact=True)).to_be_visible()
    page.goto(page.url.replace("/settings/prompts/", "/"))
    composer(page).focus()
    page.keyboard.type("/let")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(composer(page)).to_have_value(re.compile("Write a letter."))


def test_take_along(open_page: OpenPage, alice: Client, viewport: dict[str, int]) -> None:
    assert alice.user
    conversation, _ = stored_conversation(alice.user.pk, ["Why?", "So."])
    page = open_page(alice, conversation.get_absolute_url(), viewport=viewport)
    page.locator("body").press("Home")
    press(page, page.get_by_role("button", name=re.compile("^Account of")))
    with page.expect_download() as download:
        press(page, page.get_by_role("link", name="This conversation as Markdown"))
    assert download.value.suggested_filename.endswith(".md")


def test_a_link_is_made_and_revoked(open_page: OpenPage, alice: Client, viewport: dict[str, int]) -> None:
    assert alice.user
    conversation, _ = stored_conversation(alice.user.pk, ["Why?", "So."])
    page = open_page(alice, f"/settings/links/?of={conversation.pk}", viewport=viewport)
    press(page, button(page, "Make a link"))
    expect(page.get_by_label("Address of the link")).to_be_visible()
    assert Share.objects.count() == 1
    press(page, button(page, "Revoke"))
    expect(page.get_by_text("You share nothing at present")).to_be_visible()
    assert not Share.objects.exists()


def test_a_temporary_conversation(open_page: OpenPage, alice: Client, question: str, viewport: dict[str, int]) -> None:
    page = open_page(alice, viewport=viewport)
    page.locator("body").press("Home")
    press(page, page.get_by_role("link", name="Temporary conversation"))
    expect(page.locator("#temporary")).to_be_visible()
    expect(composer(page)).to_be_focused()
    page.keyboard.type(question)
    page.keyboard.press("Enter")
    has_status(last_answer(page), "complete")
    assert Conversation.objects.get().is_temporary
    tab_to(page, button(page, "Keep this conversation"), "Shift+Tab")
    page.keyboard.press("Space")
    expect(page.locator("#temporary")).to_have_count(0)


def test_erase(open_page: OpenPage, alice: Client, viewport: dict[str, int]) -> None:
    assert isinstance(alice.user, User)
    listed(alice, 2)
    give_password(alice.user)
    page = open_page(alice, "/settings/erasure/", viewport=viewport)
    log_in(page, alice.user)  # who has another password is logged out
    press(page, page.get_by_role("link", name="Delete all conversations"))
    press(page, button(page, "Delete all conversations"))
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    press(page, button(page, "Delete all conversations"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your conversations are deleted")
    assert not Conversation.with_deleted.exists()
