"""Browser contexts that tests use one after the other, for their HTTP cache.

A page is some seventy modules, and costs a browser and a site that have to load and to compile them all twice as much.
The address of each file changes with its content. All else that a test leaves in a context is cleared.
"""

from functools import cached_property
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

HAS_OTHER_CLOCK = "'__pwClock' in globalThis"
"""Playwright's, in all pages of the context and for good."""


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

    def give_back(self) -> None:
        while self._taken:
            context = self._taken.pop()
            if context.options in self._kept and not context.has_other_clock():
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

    @cached_property
    def _blank(self) -> Page:
        """Through it the browser is told what to clear."""
        return self.context.new_page()

    def has_other_clock(self) -> bool:
        return bool(self._blank.evaluate(HAS_OTHER_CLOCK))

    def clear(self) -> None:
        for page in set(self.context.pages) - {self._blank}:
            page.close()
        self.context.unroute_all()
        self.context.set_offline(False)
        self.context.clear_permissions()
        devtools = self.context.new_cdp_session(self._blank)
        devtools.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
        devtools.detach()
