"""How a process ends whose settings cannot be, or whose database or disk fails it: with what is wrong, in words."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error as DatabaseError

from chat.failures.causes import cause_of
from chat.providers.configuration import Faults


@contextmanager
def faults_in_words() -> Iterator[None]:
    """Around what reads the settings first. With `--traceback` a command shows where a database or a disk failed."""
    try:
        yield
    except Faults as exc:
        sys.exit("\n".join(f"Cannot start: {sentence}" for sentence in exc.sentences))
    except (DatabaseError, OSError) as exc:
        cause = cause_of(exc)
        if not cause or "--traceback" in sys.argv:
            raise
        sys.exit(f"{cause.sentence}. {cause.advice}")
