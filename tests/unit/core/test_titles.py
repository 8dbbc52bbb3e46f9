"""A title is found in whatever a model wrote around it."""

import pytest

from chat.core.limits import TITLE_CHARACTERS
from chat.core.titles import clean_title

BLUE = [
    "Blue skies",
    "Blue skies.",
    "  Blue   skies\n",
    "Blue\u00a0skies",
    '"Blue skies"',
    '"Blue skies."',
    "'Blue skies'",
    "“Blue skies”",
    "„Blue skies“",
    "»Blue skies«",
    "« Blue skies »",
    "「Blue skies」",
    "《Blue skies》",
    "`Blue skies`",
    "**Blue skies**",
    "__Blue skies__",
    "*Blue skies*",
    '**"Blue skies"**',
    '"**Blue skies.**"',
    "***Blue skies***",
    "# Blue skies",
    "### **Blue skies**",
    "> Blue skies",
    "- Blue skies",
    "1. Blue skies",
    "1) Blue skies\n2) Rayleigh scattering\n3) Colours",
    "[Blue skies]",
    "[Blue skies](https://example.org/)",
    "Title: Blue skies",
    "title：Blue skies",
    "**Title:** Blue skies",
    "**Title: Blue skies**",
    '**Title:** "Blue skies"',
    "Title:\nBlue skies",
    "# Title\n\nBlue skies",
    "Titel: Blue skies",
    "标题：Blue skies",
    "会话标题：《Blue skies》",
    "タイトル：「Blue skies」",
    "제목: Blue skies",
    "Here is a title: Blue skies",
    "Here's a short title for this conversation:\n\n**Blue skies**",
    'Sure! Here is a concise title for the conversation:\n\n"Blue skies"\n\nLet me know if you want another.',
    "Sure!\n\nBlue skies",
    "Certainly.\nBlue skies",
    "Okay, here you go:\nBlue skies",
    "---\nBlue skies\n---",
    "```\nBlue skies\n```",
    "```text\nTitle: Blue skies\n```",
    '```json\n{"title": "Blue skies"}\n```',
    "```\nBlue skies",
    '{"title": "Blue skies"}',
    '{"emoji": "\U0001f324", "title": "Blue skies"}',
    '{"conversation": {"title": "Blue skies"}}',
    '{"topic": "Blue skies"}',
    '["Blue skies", "Rayleigh"]',
    '[{"title": "Blue skies"}]',
    'Here it is: {"title": "Blue skies"} I hope you like it',
    '{"title": "Blue skies"',
    "<title>Blue skies</title>",
    "<h1>Blue skies</h1>",
    "\\boxed{Blue skies}",
    "\\boxed{\\text{Blue skies}}",
    "Blue skies<|im_end|>",
    "Blue skies</s>",
    "<think>A title about the sky. Title: Sky?</think>\n\nBlue skies",
    "<think>\n\n</think>\n\nBlue skies",
    "<thinking>Hm.</thinking>Title: Blue skies",
    "Hm. The user wants a title.\n</think>\n\nBlue skies",
    "[THINK]Hm.[/THINK]Blue skies",
    "<think>" + "Long thoughts. " * 2000 + "</think>Blue skies",
    '"Blue skies',
    "Blue skies\n\nThis title says what the conversation is about, in two words.",
]


@pytest.mark.parametrize("written", BLUE)
def test_a_title_is_shown_without_what_is_around_it(written: str) -> None:
    assert clean_title(written, TITLE_CHARACTERS) == "Blue skies"


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Why use C#", "Why use C#"),
        ("Title IX: what it says", "Title IX: what it says"),
        ("Chat: an etymology", "Chat: an etymology"),
        ("Titles in HTML: <title>", "Titles in HTML: <title>"),
        ('"Hello" in C', '"Hello" in C'),
        ('The word "blue"', 'The word "blue"'),
        ('"Blue" and "green"', '"Blue" and "green"'),
        ("**Blue** and **green**", "**Blue** and **green**"),
        ("The students' rights", "The students' rights"),
        ("Laws of the U.S.", "Laws of the U.S."),
        ("What next?", "What next?"),
        ("Hooray!", "Hooray!"),
        ("snake_case and __init__", "snake_case and __init__"),
        ("5 * 3 * 2", "5 * 3 * 2"),
        ("2024. A review", "2024. A review"),
        ("-5 degrees", "-5 degrees"),
        ("#hashtags", "#hashtags"),
        ("f(x) and g(x)", "f(x) and g(x)"),
        ("(a) or (b)", "(a) or (b)"),
        ("$5 or $10", "$5 or $10"),
        ("\U0001f324 Weather", "\U0001f324 Weather"),
        ("\U0001f324", "\U0001f324"),
        ("42", "42"),
        ("空はなぜ青いのか。", "空はなぜ青いのか"),
        ("Okay", "Okay"),
        ("Sure things in life", "Sure things in life"),
        ("The <think> tag", "The <think> tag"),
        ("Parsing JSON: {}", "Parsing JSON: {}"),
        ("a b c d e f g h i j", "a b c d e f g h i j"),
        ("w" * TITLE_CHARACTERS, "w" * TITLE_CHARACTERS),
        (f'"{"w" * TITLE_CHARACTERS}"', "w" * TITLE_CHARACTERS),
    ],
)
def test_what_belongs_to_a_title_stays(written: str, title: str) -> None:
    assert clean_title(written, TITLE_CHARACTERS) == title


@pytest.mark.parametrize(
    "written",
    [
        "",
        " \n ",
        '""',
        "** **",
        "```\n```",
        "{}",
        "[]",
        '{"title": ""}',
        '{"title": null}',
        "...",
        "---",
        "\u200b",
        "\u202e\u202c",
        "Title:",
        "<think>Hm.</think>",
        "<think>Blue skies",
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I can’t.",
        "I cannot do this.",
        "As an AI, I do not.",
        "Es tut mir leid, das kann ich nicht.",
        "抱歉，我无法回答。",
        "a b c d e f g h i j k",
        "w" * (TITLE_CHARACTERS + 1),
        "The sky is blue because its air scatters the blue light of the sun more than the red.",
        "Blue skies\n" + "and a text " * 200,
        "Hm. " * 500 + "Blue skies",
    ],
)
def test_what_is_no_title_is_none(written: str) -> None:
    assert clean_title(written, TITLE_CHARACTERS) == ""


@pytest.mark.parametrize(
    "sign", ["*", "`", "[", "<", "{", "\\boxed{", '"', "> ", "- ", "```\n", "<title>", "title:", "(", "\u200b"]
)
def test_nothing_that_is_written_takes_long(sign: str) -> None:
    for written in (sign * 1000, sign * 60 + "Blue" + sign[::-1] * 60, f"<think>{sign * 10_000}</think>{sign * 50}"):
        assert len(clean_title(written, TITLE_CHARACTERS)) <= TITLE_CHARACTERS
