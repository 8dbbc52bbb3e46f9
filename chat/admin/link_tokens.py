"""Tokens of shared links, in what staff type: whoever has one reads what it shows, so no log bears any."""

import re

TOKEN = re.compile(r"(?<![\w-])[\w-]{32}(?![\w-])", re.ASCII)
"""As chat.models.share makes them, alone or in an address."""
STAND_IN = "(link)"


def tokens_in(text: str) -> list[str]:
    return TOKEN.findall(text)


def without_tokens(text: str) -> str:
    return TOKEN.sub(STAND_IN, text)
