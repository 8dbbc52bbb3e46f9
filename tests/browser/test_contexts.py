"""What a test leaves in its browser the next one does not find; but for files in its cache."""

from collections.abc import Callable, Iterator
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
LEAVE_IN_PAGE = """() => {
    sessionStorage.setItem("left", "");
    addEventListener("pagehide", () => sessionStorage.setItem("left at the end", ""));
    addEventListener("beforeunload", (event) => event.preventDefault());
    window.left = window.name = "left";
    history.pushState(null, "", "?left");
}"""
FIND_IN_PAGE = """() => ({
    storage: sessionStorage.length > 0,
    global: "left" in window,
    name: window.name !== "",
    entries: navigation.canGoBack && navigation.entries().some((entry) => entry.url.includes("left")),
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    still: matchMedia("(prefers-reduced-motion: reduce)").matches,
    print: matchMedia("print").matches,
    size: innerWidth !== 1280,
    offline: !navigator.onLine,
    header: document.querySelector("[data-header]") !== null,
    pointed: document.querySelector("h1:hover, form:hover, main:hover") !== null,
})"""
LOADED = """() => performance.getEntriesByType("resource")
    .filter((file) => file.name.endsWith(".css") && file.transferSize > 0).length"""


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Contexts]:
    contexts = Contexts(browser, kept=[{"viewport": WIDE}])
    yield contexts
    contexts.close()


def visit(context: BrowserContext, site: Site) -> Page:
    return at_login(context.new_page(), site)


def at_login(page: Page, site: Site) -> Page:
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


def test_a_page_is_as_new_but_for_what_is_in_memory(contexts: Contexts, site: Site) -> None:
    page = at_login(contexts.page_of(contexts.take(viewport=WIDE)), site)
    page.route(
        "**/login/", lambda route: route.fulfill(body="<main data-header>Mine</main>", content_type="text/html")
    )
    page.reload()
    page.set_viewport_size({"width": 320, "height": 568})
    page.emulate_media(media="print", color_scheme="dark", reduced_motion="reduce")
    page.evaluate(LEAVE_IN_PAGE)
    page.mouse.move(20, 15)
    page.set_extra_http_headers({"Cookie": "left=1"})
    page.context.set_offline(True)
    found = page.evaluate(FIND_IN_PAGE)
    assert all(found.values()), found
    contexts.give_back()

    context = contexts.take(viewport=WIDE)
    assert contexts.page_of(context) is page
    with page.expect_request("**/login/") as request:
        at_login(page, site)
    assert "cookie" not in request.value.all_headers()
    found = page.evaluate(FIND_IN_PAGE)
    assert not any(found.values()), found


LASTING: dict[str, Callable[[Page], object]] = {
    "a script for new documents": lambda page: page.add_init_script("1"),
    "a function that pages call": lambda page: page.expose_function("left", lambda: None),
    "a listener": lambda page: page.on("dialog", lambda dialog: None),
    "another of one event": lambda page: page.on("framenavigated", lambda frame: None),
    "its end": lambda page: page.close(),
    "storage of another origin": lambda page: page.goto("data:text/html,elsewhere"),
}


@pytest.mark.parametrize("what", LASTING)
def test_a_page_with_what_lasts_is_not_used_again(contexts: Contexts, site: Site, what: str) -> None:
    context = contexts.take(viewport=WIDE)
    page = at_login(contexts.page_of(context), site)
    LASTING[what](page)
    contexts.give_back()

    assert contexts.take(viewport=WIDE) is context
    assert contexts.page_of(context) is not page
    assert page.is_closed()


def test_a_page_waits_for_who_wants_it(contexts: Contexts, site: Site) -> None:
    context = contexts.take(viewport=WIDE)
    page = at_login(contexts.page_of(context), site)
    contexts.give_back()
    visit(contexts.take(viewport=WIDE), site)
    contexts.give_back()
    assert contexts.page_of(contexts.take(viewport=WIDE)) is page


OF_ALL_PAGES: dict[str, Callable[[BrowserContext], object]] = {
    "a script for new documents": lambda context: context.add_init_script("1"),
    "a function that pages call": lambda context: context.expose_function("left", lambda: None),
    "a session of DevTools": lambda context: context.new_cdp_session(context.pages[0]),
}


@pytest.mark.parametrize("what", OF_ALL_PAGES)
def test_one_with_what_lasts_is_not_used_again(contexts: Contexts, site: Site, what: str) -> None:
    context = contexts.take(viewport=WIDE)
    at_login(contexts.page_of(context), site)
    OF_ALL_PAGES[what](context)
    contexts.give_back()
    assert contexts.take(viewport=WIDE) is not context
