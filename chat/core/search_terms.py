"""What counts as a word, and when a text matches. Pure, so that it is the same on every database.

A word is a run of letters and digits without regard to case, accents and width (NFKD, case folding, marks dropped).
Scripts that are written without spaces have no such runs: each of their characters is a word. A text matches a query
if each word of the query begins some word of the text.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

LONGEST = 64
"""Characters of a word that are looked at. PostgreSQL takes 2,046 bytes, and nobody types more."""
MOST_CHARACTERS = 100_000
"""Of distinct words in one text. PostgreSQL refuses more than a megabyte of them."""

_ASCII = re.compile("[a-z0-9]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def terms_of(text: str) -> list[str]:
    """The words of `text` in order."""
    return [word for _, _, word in term_spans(text)]


def indexed(text: str) -> str:
    """The distinct words of `text`, as the index takes them."""
    return _cut(" ".join(dict.fromkeys(terms_of(text))))


def joined(indexed: Iterable[str]) -> str:
    """What `indexed` gives of several texts together."""
    return _cut(" ".join(dict.fromkeys(word for words in indexed for word in words.split())))


def _cut(words: str) -> str:
    return words if len(words) <= MOST_CHARACTERS else words[:MOST_CHARACTERS].rpartition(" ")[0]


def term_spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each word of `text` begins and ends there, and the word as it is compared."""
    if text.isascii():  # the same, forty times as fast
        yield from ((match.start(), match.end(), match[0][:LONGEST]) for match in _ASCII.finditer(text.lower()))
        return
    start, word = 0, ""
    for index, character in enumerate(text):
        letters = _folded(character)
        stands_alone = bool(_UNSPACED.match(character))
        if word and (stands_alone if letters else not _is_mark(character)):
            yield start, index, word[:LONGEST]
            word = ""
        if letters:
            start = start if word else index
            word += letters
            if stands_alone:
                yield start, index + 1, word
                word = ""
    if word:
        yield start, len(text), word[:LONGEST]


def matches(text: str, query: str) -> bool:
    """The definition, by which every index is judged. A query without words matches nothing."""
    words, wanted = set(terms_of(text)), terms_of(query)
    return bool(wanted) and all(any(word.startswith(beginning) for word in words) for beginning in wanted)


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """Its letters and digits as they are compared; empty for what separates words, and for marks."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(one for one in decomposed if unicodedata.category(one)[0] in "LN")


@lru_cache(maxsize=4096)
def _is_mark(character: str) -> bool:
    """Accents and joiners do not end a word."""
    return unicodedata.category(character)[0] == "M" or character in "\u200c\u200d\u00ad"
