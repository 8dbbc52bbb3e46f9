"""What this process is called among those of a site."""

import os
import secrets

_name: tuple[int, str] = (0, "")


def process_name() -> str:
    """Its own: another one at each start, and after a fork."""
    global _name
    if _name[0] != os.getpid():
        _name = os.getpid(), secrets.token_hex(6)
    return _name[1]
