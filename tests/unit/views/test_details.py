"""What is computed from a generation's times and tokens, and how it is said."""

from datetime import UTC, datetime, timedelta

import pytest

from chat.models import Generation
from chat.templatetags.chat import duration

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def generation(first: float | None, end: float | None, tokens: int | None) -> Generation:
    """Begun now, with its first piece and its end so many seconds later."""
    first_piece_at, ended_at = (None if after is None else NOW + timedelta(seconds=after) for after in (first, end))
    return Generation(created_at=NOW, first_piece_at=first_piece_at, ended_at=ended_at, completion_tokens=tokens)


def test_the_speed_is_that_of_writing_without_the_wait() -> None:
    assert generation(10, 14, 100).tokens_a_second == 25


@pytest.mark.parametrize(
    ("first", "end", "tokens"),
    [
        pytest.param(1, 5, None, id="no usage"),
        pytest.param(1, 5, 0, id="no tokens"),
        pytest.param(1, 1, 9, id="no time"),
        pytest.param(None, 5, 9, id="no piece"),
        pytest.param(1, None, 9, id="no end"),
        pytest.param(5, 1, 9, id="a clock that was set back"),
    ],
)
def test_otherwise_the_speed_is_unknown(first: float | None, end: float | None, tokens: int | None) -> None:
    assert generation(first, end, tokens).tokens_a_second is None


def test_the_wait_for_the_first_piece_is_known_if_there_was_one() -> None:
    assert generation(0.25, 5, None).first_piece_after == 0.25
    assert generation(None, 5, None).first_piece_after is None
    assert generation(-1, 5, None).first_piece_after is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "unknown"),
        (0.0, "0.00 s"),
        (0.254, "0.25 s"),
        (9.5, "9.50 s"),
        (12.34, "12.3 s"),
        (59.96, "1 min 0 s"),
        (125, "2 min 5 s"),
    ],
)
def test_a_time_is_said_as_exactly_as_one_wants_to_know(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words
