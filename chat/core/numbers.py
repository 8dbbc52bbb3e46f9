"""Numbers as others write them."""


def whole(said: str, digits: int) -> int | None:
    """The number that at most so many digits say; None for anything else.

    Of ASCII alone: what else `str.isdigit` takes, as "²", is no number to `int`. A database takes no endless one.
    """
    return int(said) if said.isascii() and said.isdigit() and len(said) <= digits else None
