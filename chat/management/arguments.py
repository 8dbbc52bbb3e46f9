"""What arguments of several commands may be."""

from argparse import ArgumentTypeError
from datetime import date


def day(said: str) -> date:
    """Raises ArgumentTypeError, whose sentence is shown."""
    try:
        return date.fromisoformat(said)
    except ValueError as exc:
        raise ArgumentTypeError(f"{said!r} is no day, as 2026-01-31 is one") from exc
