"""A branch -> the messages of a request."""

import pytest

from chat import prompts
from chat.models.conversation import TITLE_LENGTH, first_words
from chat.prompts import Turn


def test_builds_a_request_from_the_first_turn_to_the_last() -> None:
    branch = [Turn("user", "Hello"), Turn("assistant", "Hi!"), Turn("user", "Why?")]
    assert prompts.build(branch) == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "Why?"},
    ]


def test_begins_with_the_system_prompt_if_there_is_one() -> None:
    assert prompts.build([Turn("user", "Hello")], "Be brief.")[0] == {"role": "system", "content": "Be brief."}


def test_leaves_out_an_answer_without_a_word() -> None:
    branch = [Turn("user", "Hello"), Turn("assistant", ""), Turn("user", "Hello?")]
    assert [message["content"] for message in prompts.build(branch)] == ["Hello", "Hello?"]


def test_changes_nothing_in_a_text() -> None:
    text = " \n<b>\u2028{}\\ \r\n"
    assert prompts.build([Turn("user", text)])[0]["content"] == text


def test_a_request_for_a_title_names_question_and_answer() -> None:
    asked = prompts.title("Why is the sky blue?", "Rayleigh scattering.")
    assert asked[0]["role"] == "system"
    assert "Why is the sky blue?" in asked[-1]["content"]
    assert "Rayleigh scattering." in asked[-1]["content"]


def test_a_request_for_a_title_is_short_however_long_the_answer_is() -> None:
    assert sum(len(message["content"]) for message in prompts.title("q" * 10**6, "a" * 10**6)) < 3000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello", "Hello"),
        ("  Two\n\nlines\t here ", "Two lines here"),
        ("", ""),
        ("w" * 80, "w" * 80),
        ("w" * 81, "w" * 79 + "…"),
        ("word " * 16, ("word " * 16).strip()),
        ("word " * 17, "word " * 15 + "…"),
    ],
)
def test_the_first_words_are_cut_between_words(text: str, words: str) -> None:
    cut = first_words(text)
    assert cut.replace(" …", "…") == words.replace(" …", "…")
    assert len(cut) <= TITLE_LENGTH


LONG = [Turn("user", "a" * 30), Turn("assistant", "b" * 30), Turn("user", "c" * 30), Turn("assistant", "d" * 30)]
LAST = Turn("user", "e" * 30)
EACH = prompts.tokens_of("a" * 30)


@pytest.mark.parametrize(
    ("tokens", "count"),
    [(0, 0), (5 * EACH, 0), (5 * EACH - 1, 2), (3 * EACH, 2), (3 * EACH - 1, 4), (EACH, 4), (1, 4)],
)
def test_leaves_out_the_oldest_turns_that_do_not_fit_but_never_the_last_question(tokens: int, count: int) -> None:
    assert prompts.left_out([*LONG, LAST], tokens) == count


def test_the_question_of_an_answer_that_is_continued_is_never_left_out() -> None:
    assert prompts.left_out(LONG, 1) == 2


def test_the_system_prompt_takes_its_part_of_the_window() -> None:
    assert prompts.left_out([*LONG, LAST], 5 * EACH, "s" * 30) == 2


def test_letters_of_three_bytes_count_as_a_token_each() -> None:
    assert prompts.tokens_of("汉" * 30) - prompts.tokens_of("") == 30
