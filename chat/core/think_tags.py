"""Reasoning that a model wrote into its text: `<think>…</think>` at the very beginning.

Theory. A service that does not know its model's tags (llama.cpp, LM Studio and vLLM without a parser, many gateways)
passes them on within the text. At the beginning of a generation they are reasoning; in code (a span, a fence, an
indented line) or after the first word they are what the model says about them, and stay as they are. A tag may be cut
anywhere between two pieces, so what could still become one is held back, and given out by `rest`. What is held is
short: the beginning of a tag, and leading white space up to a limit.

This module is pure: text in, text out.
"""

import re

from chat.core.reply import REASONING, TEXT

Piece = tuple[str, str]
"""A kind of part, and what was said."""

PAIRS = {
    "<think>": "</think>",  # DeepSeek-R1, Qwen, MiniMax, GLM and most others
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",  # Gemini's compatible interface
    "<seed:think>": "</seed:think>",  # Seed-OSS
    "[think]": "[/think]",  # Magistral
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "◁think▷": "◁/think▷",  # Kimi
}
"""Opening tags and what closes them, in lower case: they are found in any."""

CLOSING = {tag: re.compile(re.escape(tag), re.IGNORECASE) for tag in PAIRS.values()}
WHITE_SPACE = 100
"""More leading white space than this is text: it need not be held back for ever."""


class ThinkTags:
    """Takes the tags out of one generation's text, which comes in pieces."""

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""
        self._is_past = False
        """Nothing is looked for any more: the text has begun."""
        self._skips_lines = False
        """After a tag: the line ends that follow it are part of neither side."""

    def split(self, text: str) -> list[Piece]:
        """What `text` adds, piece by piece; what may be the beginning of a tag comes with what follows."""
        if self._is_past:
            return [(TEXT, text)]
        text, self._held = self._held + text, ""
        pieces: list[Piece] = []
        while text:
            if self._skips_lines:
                text = text.lstrip("\r\n")
                self._skips_lines = not text
            text = (self._reason if self._closing else self._begin)(text, pieces)
        return pieces

    def rest(self) -> list[Piece]:
        """What was held back: no more text will come, or something else comes before it."""
        held, self._held = self._held, ""
        if not held:
            return []
        self._is_past = not self._closing
        return [(REASONING if self._closing else TEXT, held)]

    def _begin(self, text: str, pieces: list[Piece]) -> str:
        """Where no word has been said yet. Returns what is to be looked at next."""
        words = text.lstrip()
        beginning = words[:30].lower()
        indent = text[: len(text) - len(words)]
        is_code = bool(words) and len(indent.rpartition("\n")[2].expandtabs(4)) >= 4
        opening = next((tag for tag in PAIRS if beginning.startswith(tag)), "")
        if opening and not is_code:
            self._closing, self._skips_lines = PAIRS[opening], True
            return words[len(opening) :]
        may_open = any(tag.startswith(beginning) for tag in PAIRS)
        if may_open and not is_code and len(indent) <= WHITE_SPACE:
            self._held = text
            return ""
        self._is_past = True
        pieces.append((TEXT, text))
        return ""

    def _reason(self, text: str, pieces: list[Piece]) -> str:
        if closed := CLOSING[self._closing].search(text):
            said, text = text[: closed.start()], text[closed.end() :]
            self._closing, self._skips_lines = "", True
        else:
            said, self._held = _before_tag(text, self._closing)
            text = ""
        if said:
            pieces.append((REASONING, said))
        return text


def _before_tag(text: str, tag: str) -> tuple[str, str]:
    """`text`, and at its end what may be the beginning of `tag`."""
    for size in range(min(len(tag) - 1, len(text)), 0, -1):
        if tag.startswith(text[-size:].lower()):
            return text[:-size], text[-size:]
    return text, ""
