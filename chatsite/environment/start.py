"""How a process ends whose settings cannot be: with a line for each that is wrong, in the place of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from chat.providers.configuration import Faults


@contextmanager
def faults_in_words() -> Iterator[None]:
    """Around what reads the settings first."""
    try:
        yield
    except Faults as exc:
        sys.exit("\n".join(f"Cannot start: {sentence}" for sentence in exc.sentences))
