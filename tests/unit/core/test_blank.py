"""Texts that show nothing, as tests/js/lib/is_blank.test.js has them."""

import pytest

from chat.core.blank import is_blank


@pytest.mark.parametrize(
    "text", ["", " \t\r\n\u2028", "\u200b", "\u202e\u2066", "\ufeff\u00ad", "\u2800\u3164", "\ufe0f\U000e0101"]
)
def test_shows_nothing(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "\u200b.", "👩\u200d👩\u200d👧", "\u0301", "0"])
def test_shows_something(text: str) -> None:
    assert not is_blank(text)
