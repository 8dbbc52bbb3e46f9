"""What is made of the stream in which a model gives a title."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from chat.generation import titles
from chat.providers import openai
from chat.providers.chunks import Done, Event, Finish, Reasoning, Refusal, Text, Usage

LONGEST = "Antidisestablishmentarianism, electroencephalography, and counterrevolutionaries"
"""With quotation marks it is longer than a title may be."""


@pytest.mark.parametrize(
    ("events", "title"),
    [
        ([Text("Blue "), Text("skies"), Finish("stop"), Done()], "Blue skies"),
        ([Text("Blue skies"), Finish("stop")], "Blue skies"),
        ([Text("Blue skies"), Done()], "Blue skies"),
        ([Text("Blue skies"), Finish("eos"), Usage(1, 2), Done()], "Blue skies"),
        ([Reasoning("Hm. Title: Sky"), Text("Blue skies"), Finish("stop"), Done()], "Blue skies"),
        ([Text("<thi"), Text("nk>\nHm.\n</th"), Text("ink>\n\nBlue skies\n"), Finish("stop"), Done()], "Blue skies"),
        ([*map(Text, f'"{LONGEST}"'), Finish("stop"), Done()], LONGEST),
        ([*map(Text, f'"{LONGEST}s"'), Finish("stop"), Done()], ""),
        ([Text("Blue sk")], ""),
        ([Text("Blue sk"), Finish("length"), Done()], ""),
        ([Text("Blue sk"), Finish("content_filter"), Finish("stop"), Done()], ""),
        ([Text("Blue sk"), Finish("error"), Done()], ""),
        ([Refusal("No."), Finish("stop"), Done()], ""),
        ([Text("I would rather "), Refusal("not."), Finish("stop"), Done()], ""),
        ([Reasoning("Blue skies"), Finish("stop"), Done()], ""),
        ([Finish("stop"), Done()], ""),
        ([*[Text("Thoughts. " * 1000)] * 100], ""),
    ],
)
def test_a_title_is_what_a_whole_answer_says(monkeypatch: pytest.MonkeyPatch, events: list[Event], title: str) -> None:
    async def stream(*_asked: object) -> AsyncGenerator[Event, None]:
        for event in events:
            yield event

    monkeypatch.setattr(openai, "stream", stream)
    assert asyncio.run(titles._ask("m", [], titles.Heard())) == title
