"""The chat within the pages of a shop, as a customer sees it in a browser, under each server."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.app.shop import PASSWORD, PREFIX, SERVERS, Shop
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.pages import body, has_status, last_answer, send, shows
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say

RunShop = Callable[..., Shop]


@pytest.fixture(scope="module")  # not longer: while Playwright's loop runs here, no other test can run one
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_chat(browser: Browser) -> Iterator[Callable[[Shop], Page]]:
    """A customer comes to the chat, and signs in on the way. The test fails if the page's scripts were in error."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))

    def open_(shop: Shop) -> Page:
        page = context.new_page()
        page.goto(shop.url + "/")
        page.get_by_role("link", name="Ask our assistant", exact=True).click()
        page.get_by_label("Email").fill("0@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.locator("main").get_by_role("button", name="Sign in").click()
        page.wait_for_url(shop.url + PREFIX + "/")  # and until its scripts have run
        return page

    yield open_
    context.close()
    assert complaints == []


@pytest.mark.parametrize("server", SERVERS)
def test_a_customer_asks_within_the_shops_frame(
    run_shop: RunShop, open_chat: Callable[[Shop], Page], upstream: ScriptedUpstream, question: str, server: str
) -> None:
    gate = Gate()
    upstream.script(question, say("A **spade**"), gate, say(" is better."), finish(), done())
    page = open_chat(run_shop(server))
    expect(page.get_by_role("banner").first).to_contain_text("Spade & Sons")
    expect(page.get_by_role("contentinfo")).to_contain_text("since 1902")
    send(page, question)
    shows(page, "A spade")
    expect(page).to_have_url(re.compile(rf"{PREFIX}/c/[0-9a-f-]+/$"))
    page.reload()
    shows(page, "A spade")
    gate.open()
    shows(page, "A spade is better.")
    has_status(last_answer(page), "complete")


def test_hashed_files_and_a_policy_of_the_shops_own_suit_it(
    run_shop: RunShop, open_chat: Callable[[Shop], Page], upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("```python\nspade = 1\n```\n\n", "$a^2$"))
    page = open_chat(run_shop("uvicorn", DJANGO_SETTINGS_MODULE="strict", DEBUG="off"))
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(body(last_answer(page)).locator(".hljs-number")).to_have_text("1")
    expect(body(last_answer(page)).locator(".katex")).to_have_count(1)
