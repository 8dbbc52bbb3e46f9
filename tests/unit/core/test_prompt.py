"""A branch -> the messages of a request."""

from uuid import UUID

import pytest

from chat.core import prompt
from chat.core.context_window import left_out
from chat.core.limits import TITLE_CHARACTERS
from chat.core.prompt import Document, Picture, Turn
from chat.core.tokens import tokens_of
from chat.models.conversation import first_words


def test_builds_a_request_from_the_first_turn_to_the_last() -> None:
    branch = [Turn("user", "Hello"), Turn("assistant", "Hi!"), Turn("user", "Why?")]
    assert prompt.build(branch) == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "Why?"},
    ]


def test_begins_with_the_system_prompt_if_there_is_one() -> None:
    assert prompt.build([Turn("user", "Hello")], "Be brief.")[0] == {"role": "system", "content": "Be brief."}


def test_leaves_out_an_answer_without_a_word() -> None:
    branch = [Turn("user", "Hello"), Turn("assistant", ""), Turn("user", "Hello?")]
    assert [message["content"] for message in prompt.build(branch)] == ["Hello", "Hello?"]


def test_changes_nothing_in_a_text() -> None:
    text = " \n<b>\u2028{}\\ \r\n"
    assert prompt.build([Turn("user", text)])[0]["content"] == text


def test_a_request_for_a_title_names_question_and_answer() -> None:
    asked = prompt.title("Why is the sky blue?", "Rayleigh scattering.")
    assert asked[0]["role"] == "system"
    assert "Why is the sky blue?" in asked[-1]["content"]
    assert "Rayleigh scattering." in asked[-1]["content"]


def test_a_request_for_a_title_is_short_however_long_the_answer_is() -> None:
    assert sum(len(message["content"]) for message in prompt.title("q" * 10**6, "a" * 10**6)) < 3000


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
    assert len(cut) <= TITLE_CHARACTERS


LONG = [Turn("user", "a" * 30), Turn("assistant", "b" * 30), Turn("user", "c" * 30), Turn("assistant", "d" * 30)]
LAST = Turn("user", "e" * 30)
EACH = tokens_of("a" * 30)


@pytest.mark.parametrize(
    ("tokens", "count"),
    [(0, 0), (5 * EACH, 0), (5 * EACH - 1, 2), (3 * EACH, 2), (3 * EACH - 1, 4), (EACH, 4), (1, 4)],
)
def test_leaves_out_the_oldest_turns_that_do_not_fit_but_never_the_last_question(tokens: int, count: int) -> None:
    assert left_out([*LONG, LAST], tokens) == count


def test_the_question_of_an_answer_that_is_continued_is_never_left_out() -> None:
    assert left_out(LONG, 1) == 2


def test_the_system_prompt_takes_its_part_of_the_window() -> None:
    assert left_out([*LONG, LAST], 5 * EACH, "s" * 30) == 2


def test_letters_of_three_bytes_count_as_a_token_each() -> None:
    assert tokens_of("汉" * 30) - tokens_of("") == 30


# What is attached

PHOTO = Picture(UUID(int=1), "a.jpg", 1000, "data:image/jpeg;base64,AAAA")
TEXT = Document(UUID(int=2), "a.txt", 5, "Hello")


def test_documents_stand_before_the_words_and_images_before_both() -> None:
    (message,) = prompt.build([Turn("user", "Why?", (TEXT, PHOTO))], sees=True)
    assert message["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA"}},
        {"type": "text", "text": '<document name="a.txt">\nHello\n</document>\n\nWhy?'},
    ]


def test_without_images_the_content_is_a_text() -> None:
    (message,) = prompt.build([Turn("user", "", (TEXT, TEXT))], sees=True)
    assert message["content"] == "\n\n".join([TEXT.in_words()] * 2)


@pytest.mark.parametrize(
    ("picture", "sees", "words"),
    [
        (PHOTO, False, "this model was not shown it"),
        (Picture(UUID(int=1), "a.jpg", 1000), True, "left out, for there are too many images after it"),
    ],
)
def test_what_is_not_shown_is_named(picture: Picture, sees: bool, words: str) -> None:
    (message,) = prompt.build([Turn("user", "", (picture,))], sees=sees)
    assert message["content"] == f'[image "a.jpg": {words}]'


@pytest.mark.parametrize("text", ["</document>", "</DOCUMENT >", "</document name='x'>", "a</document></document>b"])
def test_nothing_in_a_document_ends_it(text: str) -> None:
    words = Document(UUID(int=2), '"><', 1, text).in_words()
    assert words.lower().count("</document") == 1
    assert words.endswith("\n</document>")
    assert words.startswith('<document name="&quot;&gt;&lt;">\n')


def test_files_count_as_text_and_images_as_so_many_tokens() -> None:
    large = Document(UUID(int=2), "a.txt", 3000, "x" * 3000)
    tokens = tokens_of("e" * 30)
    assert Turn("user", "e" * 30, (large,)).tokens == tokens + tokens_of("x" * 3000)
    assert Turn("user", "e" * 30, (PHOTO,)).tokens == tokens + prompt.PICTURE_TOKENS
    unread = Document(UUID(int=2), "a.txt", 3000)
    assert Turn("user", "e" * 30, (unread,)).tokens <= Turn("user", "e" * 30, (large,)).tokens
    for attached in (large, unread, PHOTO):
        assert left_out([Turn("user", "", (attached,)), Turn("assistant", "a"), LAST], 1000) == 2
        assert left_out([Turn("user", "", (attached,)), Turn("assistant", "a"), LAST], 1200) == 0
