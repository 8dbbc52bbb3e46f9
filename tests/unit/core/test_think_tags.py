"""Reasoning that stands between tags at the beginning of a text."""

import pytest

from chat.core.think_tags import PAIRS, WHITE_SPACE, Piece, ThinkTags

SPLIT: dict[str, tuple[str, str]] = {
    "": ("", ""),
    "Hi": ("", "Hi"),
    "<think>a</think>b": ("a", "b"),
    "<think>\na\n</think>\n\nb": ("a\n", "b"),
    "<think>a</think>\r\n    code": ("a", "    code"),
    " \n<think>a</think> b": ("a", " b"),
    "<THINK>a</Think>b": ("a", "b"),
    "<think></think>b": ("", "b"),
    "<think>\n\n</think>\n\n": ("", ""),
    "<think>a</think><think>b</think>c": ("ab", "c"),
    "<think>a</think>b<think>c</think>": ("a", "b<think>c</think>"),
    "<think>a<b</thin</think>c": ("a<b</thin", "c"),
    "<think>a</thinking>b</think>c": ("a</thinking>b", "c"),
    "<thinking>a</think>b</thinking>c": ("a</think>b", "c"),
    "<think>a": ("a", ""),
    "<think>a</thin": ("a</thin", ""),
    "<think": ("", "<think"),
    "<thi": ("", "<thi"),
    "<thinker>a": ("", "<thinker>a"),
    "<think a</think>": ("", "<think a</think>"),
    "</think>a": ("", "</think>a"),
    "a<think>b</think>": ("", "a<think>b</think>"),
    "`<think>a</think>`": ("", "`<think>a</think>`"),
    "```\n<think>a</think>\n```": ("", "```\n<think>a</think>\n```"),
    "    <think>a</think>": ("", "    <think>a</think>"),
    "\n\t<think>a</think>": ("", "\n\t<think>a</think>"),
    "   <think>a</think>b": ("a", "b"),
    "\\<think>a</think>": ("", "\\<think>a</think>"),
    "> <think>a</think>": ("", "> <think>a</think>"),
    "[link](x)": ("", "[link](x)"),
    "  \n": ("", "  \n"),
    "\u0130\u212a<think>": ("", "\u0130\u212a<think>"),
    "<think>\u0130\u0130</think>b": ("\u0130\u0130", "b"),
    " " * 3 * WHITE_SPACE + "a": ("", " " * 3 * WHITE_SPACE + "a"),
}


def split(*pieces: str) -> tuple[str, str]:
    """Reasoning and text, which never come in turns here."""
    tags, said = ThinkTags(), dict[str, str]()
    for piece in pieces:
        add(said, tags.split(piece))
    add(said, tags.rest())
    return said.get("reasoning", ""), said.get("text", "")


def add(said: dict[str, str], pieces: list[Piece]) -> None:
    for kind, text in pieces:
        assert text, "A piece says something"
        assert kind == "text" or "text" not in said, "No reasoning comes after the text"
        said[kind] = said.get(kind, "") + text


@pytest.mark.parametrize("text", SPLIT)
def test_what_stands_between_tags_at_the_beginning_is_reasoning(text: str) -> None:
    assert split(text) == SPLIT[text]


@pytest.mark.parametrize("text", SPLIT)
def test_it_does_not_matter_where_it_is_cut(text: str) -> None:
    for place in range(len(text)):
        assert split(text[:place], text[place:]) == SPLIT[text], f"cut after {text[:place]!r}"
    assert split(*text) == SPLIT[text]


@pytest.mark.parametrize("opening", PAIRS)
def test_each_pair_of_tags_is_known(opening: str) -> None:
    assert split(*f"{opening}a<b{PAIRS[opening]}c") == ("a<b", "c")


def test_what_is_held_back_comes_before_what_is_no_text() -> None:
    tags = ThinkTags()
    assert tags.split("<thi") == []
    assert tags.rest() == [("text", "<thi")]
    assert tags.split("nk>") == [("text", "nk>")]


def test_reasoning_of_another_source_does_not_begin_the_text() -> None:
    tags = ThinkTags()
    assert tags.rest() == []
    assert tags.split("<think>a") == [("reasoning", "a")]


def test_it_takes_linear_time() -> None:
    """Fifty thousand pieces; what is held is looked at again with each."""
    for texts in (" " * 50_000, "<think>" + "</thin" * 8_000):
        split(*texts)
