"""How many tokens a text has, about: what a model's own tokenizer would say is not known here."""

BYTES_PER_TOKEN = 3
TURN_TOKENS = 4
"""What a turn costs besides its words: who says it, where it ends."""


def tokens_of(text: str) -> int:
    """About how many tokens `text` has, rather too many than too few.

    Three bytes of UTF-8 a token: English has four and more characters, Chinese about one of three bytes.
    """
    return len(text.encode()) // BYTES_PER_TOKEN + TURN_TOKENS
