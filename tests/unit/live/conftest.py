"""What a test's event loop leaves behind is none of the next one's."""

from collections.abc import Iterator

import pytest

from chat.live.exchange.tick import tick


@pytest.fixture(autouse=True)
def _pace() -> Iterator[None]:
    """Replies that have not ended, and what was to be told at the next tick of a loop that is closed."""
    yield
    tick._due.clear()
    tick._replies.clear()
    tick._adapt()
