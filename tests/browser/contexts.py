"""Browser contexts and pages that tests use one after the other, for what the browser keeps of static files.

A page is some seventy modules, and costs a browser and a site that have to load and to compile them all three times as
much. A context keeps them on its disk, and a page that stays in its process in memory, too. The address of each file
changes with its content. All else that a test leaves is cleared, or else what it left it in is closed.
"""

from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Frame, Page

HAS_OTHER_CLOCK = "'__pwClock' in globalThis"
"""Playwright's, in all pages of the context and for good."""
BARE = "/static/none"
"""An address of each site where no page of ours is: nothing runs there, and nothing is written when it is left."""
BARE_MS = 2_000
IS_BARE = "(window.name = '', document.scripts.length === 0)"


class Contexts:
    """`take` some; then `give_back` all. Those with `kept` options are taken again."""

    def __init__(self, browser: Browser, kept: list[dict[str, Any]]) -> None:
        self._browser = browser
        self._kept = kept
        self._free: list[Context] = []
        self._taken: list[Context] = []

    def take(self, **options: Any) -> BrowserContext:
        fitting = [context for context in self._free if context.options == options]
        if fitting:
            self._free.remove(fitting[0])
        self._taken += fitting[:1] or [Context(self._browser, options)]
        return self._taken[-1].context

    def page_of(self, context: BrowserContext) -> Page:
        """For whoever has taken it, once: the page that the last one had, or a new one."""
        return next(taken for taken in self._taken if taken.context is context).page()

    def give_back(self) -> None:
        while self._taken:
            context = self._taken.pop()
            if context.options in self._kept and context.is_as_made():
                context.clear()
                self._free.append(context)
            else:
                context.context.close()

    def close(self) -> None:
        for context in self._free + self._taken:
            context.context.close()


class Context:
    def __init__(self, browser: Browser, options: dict[str, Any]) -> None:
        self.options = options
        self.context = browser.new_context(**options)
        self._kept: KeptPage | None = None

    def page(self) -> Page:
        self._kept = self._kept or KeptPage(self.context)
        self._kept.is_taken = True
        return self._kept.page

    @cached_property
    def _blank(self) -> Page:
        """Through it the browser is told what to clear."""
        return self.context.new_page()

    def is_as_made(self) -> bool:
        return not has_scripts(self.context) and not self._blank.evaluate(HAS_OTHER_CLOCK)

    def clear(self) -> None:
        self.context.unroute_all()
        self.context.set_offline(False)
        self.context.set_extra_http_headers({})
        if self._kept and self._kept.is_taken and not self._kept.is_cleared():
            self._kept = None
        kept = {self._blank, self._kept.page} if self._kept else {self._blank}
        for page in set(self.context.pages) - kept:
            page.close()
        self.context.clear_permissions()
        devtools = self.context.new_cdp_session(self._blank)
        devtools.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
        devtools.detach()


class KeptPage:
    """A page that goes on to the next test, unless this one has done to it what cannot be undone."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.is_taken = False
        self._size = self.page.viewport_size
        self._origins: set[str] = set()
        self.page.on("framenavigated", self._note)
        self._events = events(self.page)

    def _note(self, frame: Frame) -> None:
        if frame.url != "about:blank":
            self._origins.add("{0.scheme}://{0.netloc}".format(urlsplit(frame.url)))

    def is_cleared(self) -> bool:
        """It is as new, or else to be closed."""
        is_elsewhere = len(self._origins) != 1  # each of them has a storage that only a page there can clear
        if self.page.is_closed() or is_elsewhere or has_scripts(self.page) or events(self.page) != self._events:
            return False
        try:
            return self._is_bare()
        except Error:  # it has crashed, or its site is gone
            return False

    def _is_bare(self) -> bool:
        self.page.unroute_all()
        self.page.set_extra_http_headers({})
        self.page.goto(self._origins.pop() + BARE, timeout=BARE_MS)
        self._origins.clear()
        self.is_taken = False
        self.page.session_storage.clear()
        self.page.mouse.move(-1, -1)
        self.page.emulate_media(
            media="null", color_scheme="null", reduced_motion="null", forced_colors="null", contrast="null"
        )
        if self._size and self.page.viewport_size != self._size:
            self.page.set_viewport_size(self._size)
        devtools = self.page.context.new_cdp_session(self.page)
        devtools.send("Page.resetNavigationHistory")
        devtools.detach()
        return bool(self.page.evaluate(IS_BARE))


# Playwright tells nobody what has been added to a page or a context: these look where it keeps it. If that moves,
# tests/browser/test_contexts.py fails.


def has_scripts(owner: Page | BrowserContext) -> bool:
    """Of the test's: scripts that run in each new document, functions that pages may call, sessions of DevTools."""
    kinds = {child._type for child in owner._impl_obj._objects.values()}
    return bool(kinds & {"Disposable", "CDPSession"})


def events(page: Page) -> dict[str, int]:
    """What a page's listeners listen to, and how many there are."""
    names = page._impl_obj.event_names()
    return {str(name): count for name in names if (count := page._impl_obj.listener_count(name))}
