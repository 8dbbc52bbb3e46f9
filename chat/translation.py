"""Sentences in the reader's language: that of the request which is answered."""

import re

from django.utils.formats import number_format
from django.utils.translation import gettext

from chat.errors import UpstreamBusy
from chat.sentences import Values

_NUMBERED = [
    (sentence, re.compile(re.escape(sentence % {"number": "#"}).replace(r"\#", "([0-9]+)")))
    for sentence in UpstreamBusy.numbered
]
"""Sentences that are stored with a number in them, and how they are known again."""


def translated(sentence: str, values: Values | None = None) -> str:
    """`sentence` as the catalogue has it, with its values filled in; as it is where the catalogue does not know it."""
    if not values:
        sentence, values = _taken_apart(sentence)
    shown = {
        name: number_format(value, force_grouping=True) if isinstance(value, int) else value
        for name, value in values.items()
    }
    return gettext(sentence) % shown if values else gettext(sentence)


def _taken_apart(sentence: str) -> tuple[str, Values]:
    """What is stored of a sentence that had a number filled in: the sentence without it, and the number."""
    for known, pattern in _NUMBERED:
        if found := pattern.fullmatch(sentence):
            return known, {"number": int(found[1])}
    return sentence, {}
