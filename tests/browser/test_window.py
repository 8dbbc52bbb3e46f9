"""What the model was not shown, said on the page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.pages import has_status, last_answer, send
from tests.conftest import RunSite
from tests.support.client import Client

pytestmark = pytest.mark.usefixtures("committed")


def test_the_page_says_so_at_once_and_after_a_reload(
    visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client], question: str
) -> None:
    site = run_site(CHAT_CONTEXT_TOKENS="60", CHAT_SYSTEM_PROMPT="Be brief.")
    page = visit(client_for(site), site.url)
    said = page.get_by_text("Messages left out: 2.")
    send(page, f"{question} {'first ' * 20}")
    has_status(last_answer(page), "complete")
    expect(page.locator(".thread .message__window:visible")).to_have_count(0)
    send(page, f"{question} {'last ' * 20}")
    has_status(last_answer(page), "complete")
    expect(said).to_be_visible()
    page.reload()
    expect(said).to_be_visible()
