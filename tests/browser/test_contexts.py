"""What a test leaves in its browser the next one does not find; but for files in its cache."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import WIDE
from tests.browser.contexts import Contexts
from tests.support.site import Site

LEAVE = """async () => {
    document.cookie = "left=1";
    localStorage.setItem("left", "");
    addEventListener("pagehide", () => localStorage.setItem("left at the end", ""));
    await caches.open("left");
    await new Promise((resolve) => { indexedDB.open("left").onsuccess = resolve; });
}"""
FIND = """async () => ({
    cookie: document.cookie.includes("left"),
    local: Object.keys(localStorage).some((name) => name.startsWith("left")),
    cache: await caches.has("left"),
    database: (await indexedDB.databases()).length > 0,
    permission: (await navigator.permissions.query({ name: "clipboard-read" })).state === "granted",
    clock: "__pwClock" in globalThis,
})"""
LOADED = """() => performance.getEntriesByType("resource")
    .filter((file) => file.name.endsWith(".css") && file.transferSize > 0).length"""


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Contexts]:
    contexts = Contexts(browser, kept=[{"viewport": WIDE}])
    yield contexts
    contexts.close()


def visit(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    page.goto(site.url + "/accounts/login/")
    return page


def test_it_is_as_new_but_for_its_cache(contexts: Contexts, site: Site) -> None:
    context = contexts.take(viewport=WIDE)
    context.grant_permissions(["clipboard-read"])
    page = visit(context, site)
    page.evaluate(LEAVE)
    assert page.evaluate(LOADED) > 0
    found = visit(context, site).evaluate(FIND)
    assert found.pop("clock") is False
    assert all(found.values())
    context.route("**", lambda route: route.abort())
    context.set_offline(True)
    contexts.give_back()

    assert contexts.take(viewport=WIDE) is context
    assert context.cookies() == []
    page = visit(context, site)
    assert not any(page.evaluate(FIND).values())
    assert page.evaluate(LOADED) == 0


def test_two_at_a_time_are_two(contexts: Contexts) -> None:
    assert contexts.take(viewport=WIDE) is not contexts.take(viewport=WIDE)


def test_one_whose_clock_was_set_is_not_used_again(contexts: Contexts, site: Site) -> None:
    context = contexts.take(viewport=WIDE)
    page = visit(context, site)
    page.clock.install()
    assert page.evaluate(FIND)["clock"] is True
    contexts.give_back()
    assert contexts.take(viewport=WIDE) is not context


@pytest.mark.parametrize("options", [{"viewport": WIDE, "locale": "de"}, {"viewport": {"width": 320, "height": 568}}])
def test_one_with_options_of_its_own_is_not_used_again(contexts: Contexts, options: dict[str, Any]) -> None:
    context = contexts.take(**options)
    contexts.give_back()
    assert contexts.take(**options) is not context
