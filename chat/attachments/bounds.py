"""What a process that reads a file of a stranger bounds of itself, before it reads."""

import os
import resource
from collections.abc import Mapping
from contextlib import suppress

MEMORY = 1_073_741_824
"""Bytes of address space."""
LATER = 10
"""How much later than the site it gets the processor (nice(2))."""


def bounds(cpu_seconds: int) -> dict[int, int]:
    return {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: 0,  # it writes to no file,
        resource.RLIMIT_CORE: 0,  # not even what is left of it
    }


def bind_itself(bounds: Mapping[int, int]) -> None:
    with suppress(OSError):
        os.nice(LATER)
    for name, bound in bounds.items():
        with suppress(ValueError, OSError):  # macOS does not know all of them
            resource.setrlimit(name, (bound, bound))
