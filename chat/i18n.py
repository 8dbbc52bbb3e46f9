"""Sentences for users: English where they are made and stored, translated where they are shown.

What makes one is often a task or a thread that serves nobody in particular, and what is stored or streamed may be read
in several languages. So a sentence travels in English, its values beside it, and `translated` says it in the language
of the request which is answered.
"""

import re
from collections.abc import Callable, Mapping

Values = Mapping[str, int | str]
Say = Callable[[str, Values], str]
"""Says a sentence with its values, `%(name)s`, filled in."""

_numbered: list[tuple[str, re.Pattern[str]]] = []
"""Sentences that are stored with a number in them, and how they are known again."""


def gettext_noop(sentence: str) -> str:
    """Marks `sentence` for makemessages, which finds it by this function's name."""
    return sentence


def numbered(sentence: str) -> str:
    """Marks one that is stored with its `%(number)s` filled in."""
    pattern = re.escape(sentence % {"number": "#"}).replace(r"\#", "([0-9]+)")
    _numbered.append((sentence, re.compile(pattern)))
    return sentence


AFTER_NAME = ":\N{NO-BREAK SPACE}"
"""Between a name and the sentence stored with it: no sentence of ours has this, and no name (`str.isprintable`)."""


def said_of(name: str, sentence: str) -> str:
    """The sentence with a name before it, as it is stored."""
    return f"{name}{AFTER_NAME}{sentence}"


def in_english(sentence: str, values: Values) -> str:
    """A `Say`."""
    shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
    return sentence % shown if values else sentence


def translated(sentence: str, values: Values | None = None) -> str:
    """`sentence` as the catalogue has it, with its values filled in; as it is where the catalogue does not know it."""
    # Here, because the process that inspects a file (chat/attachments/sandbox.py) needs sentences and no Django.
    from django.utils.formats import number_format
    from django.utils.translation import gettext

    name = after = ""
    if not values:
        name, after, sentence = sentence.rpartition(AFTER_NAME)
        sentence, values = _taken_apart(sentence)
    shown = {
        name: number_format(value, force_grouping=True) if isinstance(value, int) else value
        for name, value in values.items()
    }
    said = gettext(sentence) % shown if values else gettext(sentence)
    return name + after + said


def _taken_apart(sentence: str) -> tuple[str, Values]:
    """What is stored of a sentence that had a number filled in: the sentence without it, and the number."""
    for known, pattern in _numbered:
        if found := pattern.fullmatch(sentence):
            return known, {"number": int(found[1])}
    return sentence, {}
