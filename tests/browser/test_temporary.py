"""A temporary conversation as its owner meets it: begun, gone on with, reloaded, left and kept."""

import re

import pytest
from playwright.sync_api import Page, expect

from chat.models import Conversation
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import SIZES, OpenPage
from tests.browser.pages import button, composer, has_status, last_answer, send
from tests.support.client import Client
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("committed")

KEEP = "Keep this conversation"


def begin(page: Page, question: str) -> Conversation:
    page.get_by_role("link", name="Temporary conversation").click()
    expect(page.locator("#temporary")).to_be_visible()
    expect(button(page, KEEP)).to_be_hidden()
    send(page, question)
    has_status(last_answer(page), "complete")
    return Conversation.objects.get()


def is_left(conversation: Conversation) -> bool:
    conversation.refresh_from_db()
    return conversation.left_at is not None


@SIZES
def test_it_is_not_listed_and_is_left_with_its_page(
    open_page: OpenPage, alice: Client, question: str, viewport: dict[str, int]
) -> None:
    page = open_page(alice, viewport=viewport)
    conversation = begin(page, question)
    assert conversation.is_temporary
    expect(page).to_have_url(re.compile(f"/c/{conversation.pk}/$"))
    expect(page.locator(f"#conversation-list [data-id='{conversation.pk}']")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not is_left(conversation)
    page.goto("about:blank")
    eventually(lambda: is_left(conversation), "The page says that it is left")


@SIZES
def test_it_is_kept_if_wanted(open_page: OpenPage, alice: Client, question: str, viewport: dict[str, int]) -> None:
    page = open_page(alice, viewport=viewport)
    conversation = begin(page, question)
    button(page, KEEP).click()
    expect(page.locator("#temporary")).to_have_count(0)
    expect(page.locator(f"#conversation-list [data-id='{conversation.pk}']")).to_have_count(1)
    page.goto("about:blank")
    conversation.refresh_from_db()
    assert not conversation.is_temporary
    assert conversation.left_at is None


def test_an_open_page_says_that_it_is(open_page: OpenPage, alice: Client, question: str) -> None:
    """After a reload the page that was left says so when the new one is there already."""
    page = open_page(alice)
    page.clock.install()
    conversation = begin(page, question)
    page.reload()
    eventually(lambda: is_left(conversation), "The old page says that it is left")
    page.clock.run_for(21_000)
    eventually(lambda: not is_left(conversation), "The new page says that it is open")


def test_what_was_typed_there_is_not_on_an_ordinary_page(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice, "/?temporary")
    composer(page).fill("Between us")
    page.reload()
    expect(composer(page)).to_have_value("Between us")
    page.goto(page.url.partition("?")[0])
    expect(composer(page)).to_have_value("")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_axe_finds_nothing(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice, "/?temporary")
    assert faults_in_all_looks(page) == {}
    send(page, question)
    expect(button(page, KEEP)).to_be_visible()
    has_status(last_answer(page), "complete")
    assert faults_in_all_looks(page) == {}
