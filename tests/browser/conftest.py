"""Fixtures for tests in a real Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    WebError,
    expect,
    sync_playwright,
)

from tests.browser.contexts import Contexts
from tests.browser.wire import Wire
from tests.support.client import Client
from tests.support.site import ROOT, Site

# Playwright's loop runs in this thread, and Django would refuse the ORM in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# First the one without a window: a whole Chromium draws its own user interface, too, for each new context, and takes
# three times as long.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
KEPT = (WIDE, PHONE)
"""Sizes of contexts that tests use one after the other."""
SIZES = pytest.mark.parametrize("viewport", KEPT, ids=["wide", "phone"])

OpenPage = Callable[..., Page]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="package")  # not longer: while Playwright's loop runs here, no other test can run one
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def contexts(browser: Browser) -> Iterator[Contexts]:
    contexts = Contexts(browser, kept=[{"viewport": size} for size in KEPT])
    yield contexts
    contexts.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about: errors in scripts, violations of the content security policy."""
    return []


@pytest.fixture
def context_for(contexts: Contexts, complaints: list[str]) -> Iterator[Callable[..., BrowserContext]]:
    """`context_for(client)`: a browser in which that user is logged in; no client: nobody is."""
    ours: list[BrowserContext] = []

    def complain(message: ConsoleMessage) -> None:
        # A refused request is logged as an error too; tests of refusals look at the page.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def despair(error: WebError) -> None:
        complaints.append(str(error.error))

    def make(client: Client | None = None, **options: object) -> BrowserContext:
        context = contexts.take(**{"viewport": WIDE} | options)
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", complain)
        context.on("weberror", despair)
        if client:
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"], "url": client.url}])
        ours.append(context)
        return context

    yield make
    for context in ours:
        context.remove_listener("console", complain)
        context.remove_listener("weberror", despair)
    contexts.give_back()


@pytest.fixture
def page_for(contexts: Contexts, context_for: Callable[..., BrowserContext]) -> OpenPage:
    """`page_for(client, **options)`: a page of such a browser.

    Where only its size and its colours differ, they are the page's own: another context would have an empty cache.
    It is one that an earlier test had, with the modules that it has compiled; not so where `is_kept` is False.
    """

    def make(client: Client | None, *, is_kept: bool = True, **options: Any) -> Page:
        page_of = contexts.page_of if is_kept else BrowserContext.new_page
        looks = {name: options.pop(name) for name in ("viewport", "color_scheme") if name in options}
        if options:
            return page_of(context_for(client, **looks, **options))
        size = looks.get("viewport", WIDE)
        page = page_of(context_for(client, viewport=size if size in KEPT else WIDE))
        if size not in KEPT:
            page.set_viewport_size(size)
        if "color_scheme" in looks:
            page.emulate_media(color_scheme=looks["color_scheme"])
        return page

    return make


@pytest.fixture
def open_page(page_for: OpenPage, site: Site, complaints: list[str]) -> Iterator[OpenPage]:
    """`open_page(client, path)`: on the client's site. The test fails if the page's scripts or policy erred."""

    def open_(client: Client | None, path: str = "/", **options: object) -> Page:
        page = page_for(client, **options)
        page.goto((client.url if client else site.url) + path)
        return page

    yield open_
    assert complaints == []


@pytest.fixture
def visit(page_for: OpenPage, complaints: list[str]) -> Iterator[OpenPage]:
    """`visit(client, url)`: as `open_page`, but a new page, for a site or a wire of the test's own."""

    def open_(client: Client | None, url: str, **options: object) -> Page:
        page = page_for(client, is_kept=False, **options)
        page.goto(url)
        return page

    yield open_
    assert complaints == []


@pytest.fixture
def wire(site: Site) -> Iterator[Wire]:
    """To the site that most tests share."""
    with Wire(site.port) as wire:
        yield wire


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where screenshots go: into docs/ by `make screenshots`, else where they are only looked at."""
    folder = Path(os.environ.get("CHATSITE_SCREENSHOTS") or ROOT / "tests/output")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
