from hypothesis import given
from hypothesis import strategies as st

from chat.core.pagination import CHARS, LEAST, MESSAGES, fitting


def test_a_short_branch_is_shown_whole() -> None:
    assert fitting([]) == 0
    assert fitting([100]) == 1
    assert fitting([100] * MESSAGES) == MESSAGES


def test_of_many_messages_the_last_are_shown() -> None:
    assert fitting([100] * 1000) == MESSAGES


def test_of_long_messages_those_that_fit_are_shown() -> None:
    third = CHARS // 3
    assert fitting([third] * 10) == 3
    assert fitting([third, third, third + 1, third]) == 2


def test_the_last_question_and_its_answer_are_shown_however_long_they_are() -> None:
    assert fitting([1, CHARS * 2, CHARS * 2]) == LEAST


def test_a_short_message_behind_one_that_does_not_fit_waits_with_it() -> None:
    assert fitting([1, CHARS, 1, 1]) == 2


@given(st.lists(st.integers(0, CHARS)))
def test_it_is_bounded_and_never_empty(sizes: list[int]) -> None:
    count = fitting(sizes)
    assert min(len(sizes), LEAST) <= count <= MESSAGES
    assert count <= LEAST or sum(sizes[-count:]) <= CHARS
