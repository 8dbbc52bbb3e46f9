"""What the tests do with a browser, whichever it is: go, click, type, choose a file, look."""

import json
from pathlib import Path
from typing import Any, Protocol

from tests.support.waiting import eventually

ENTER = "\ue007"
"""As both protocols write the key."""
PATIENCE = 30.0

LOOK = """(css, text) => Array.from(document.querySelectorAll(css)).some((element) =>
    element.checkVisibility() && element.textContent.includes(text))"""
LAST = "css => Array.from(document.querySelectorAll(css)).at(-1)"


class Driver(Protocol):
    """A browser with one page."""

    def go(self, url: str) -> None:
        """Returns once it is loaded."""

    def reload(self) -> None: ...

    def evaluate(self, function: str, *arguments: object) -> Any:
        """What a function of the page returns for these, all of it as JSON."""

    def click(self, css: str) -> None:
        """On the last of these elements, by the mouse."""

    def press(self, keys: str) -> None:
        """A key after the other, wherever the focus is."""

    def choose(self, css: str, file: Path) -> None:
        """In a field for files."""

    def forget(self) -> None:
        """All cookies."""

    def close(self) -> None: ...


def shows(driver: Driver, css: str, text: str = "") -> None:
    """Wait until an element with this text is seen."""
    eventually(lambda: driver.evaluate(LOOK, css, text), f"{css} shows {text!r}", PATIENCE)


def has(driver: Driver, css: str, count: int = 1) -> None:
    """Wait until there are so many of these."""
    counted = "css => document.querySelectorAll(css).length"
    eventually(lambda: driver.evaluate(counted, css) == count, f"There are {count} of {css}", PATIENCE)


def call(function: str, arguments: tuple[object, ...]) -> str:
    """An expression whose value is a string of JSON."""
    return f"JSON.stringify(({function})(...{json.dumps(arguments)}) ?? null)"
