"""Which messages of a branch are on its page."""

from hypothesis import given
from hypothesis import strategies as st

from chat.core.pagination import (
    LEAST_MESSAGES,
    MOST_CHARACTERS,
    MOST_MESSAGES,
    MOST_OF_MESSAGE,
    STEP,
    page_size,
    size_from,
    step_back,
)


def test_a_short_branch_is_shown_whole() -> None:
    assert page_size([]) == 0
    assert page_size([100]) == 1
    assert page_size([100] * MOST_MESSAGES) == MOST_MESSAGES


def test_of_many_messages_the_last_are_shown() -> None:
    assert page_size([100] * 1000) == MOST_MESSAGES


def test_of_long_messages_those_that_fit_are_shown() -> None:
    third = MOST_CHARACTERS // 3
    assert page_size([third] * 10) == 3
    assert page_size([third, third, third + 1, third]) == 2


def test_the_last_question_and_its_answer_are_shown_however_long_they_are() -> None:
    assert page_size([1, MOST_CHARACTERS * 2, MOST_CHARACTERS * 2]) == LEAST_MESSAGES


def test_a_short_message_behind_one_that_does_not_fit_waits_with_it() -> None:
    assert page_size([1, MOST_CHARACTERS, 1, 1]) == 2


@given(st.lists(st.integers(0, MOST_CHARACTERS)))
def test_it_is_bounded_and_never_empty(sizes: list[int]) -> None:
    count = page_size(sizes)
    assert min(len(sizes), LEAST_MESSAGES) <= count <= MOST_MESSAGES
    assert count <= LEAST_MESSAGES or sum(sizes[-count:]) <= MOST_CHARACTERS


@given(st.lists(st.integers(0, 2 * MOST_OF_MESSAGE), min_size=2, max_size=2 * STEP))
def test_a_page_of_earlier_messages_ends_with_the_one_that_was_asked_from(sizes: list[int]) -> None:
    """So that who goes upwards finds again what stood first before."""
    at = len(sizes) - 1
    begin = at - step_back(sizes[:at])
    assert at - STEP <= begin < at
    assert begin + size_from(sizes[begin:]) > at
