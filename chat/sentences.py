"""Sentences for users: English where they are made and stored, translated where they are shown (chat/translation.py).

What makes one is often a task or a thread that serves nobody in particular, and what is stored or streamed may be read
in several languages. So a sentence travels in English, its values beside it. Pure.
"""

from collections.abc import Callable, Mapping

Values = Mapping[str, int | str]
Say = Callable[[str, Values], str]
"""Says a sentence with its values, `%(name)s`, filled in."""


def gettext_noop(sentence: str) -> str:
    """Marks `sentence` for makemessages, which finds it by this function's name."""
    return sentence


def in_english(sentence: str, values: Values) -> str:
    """A `Say`."""
    shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
    return sentence % shown if values else sentence
