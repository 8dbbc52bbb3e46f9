"""What one worker of a run makes for all of them, because to make it takes longer than to copy it."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

FOLDER = Path(settings.STATIC_ROOT).parent
"""That of the process that started the workers."""


def made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """`path`, which the first that needs it has `make(elsewhere)`: others see nothing of it until all is there."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists() or (path.is_dir() and not any(path.iterdir())):
            new = path.with_suffix(".new")
            if new.is_dir():
                shutil.rmtree(new)  # somebody began, and failed
            make(new)
            new.rename(path)
    return path
