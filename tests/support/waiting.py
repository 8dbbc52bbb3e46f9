"""For what announces itself nowhere, such as a row in the database: look until it is there."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.02
"""Seconds between two looks."""


def eventually(look: Callable[[], T], what: str, seconds: float = 30.0) -> T:
    """The first true result of `look`; fails if there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(PAUSE)
    return seen
