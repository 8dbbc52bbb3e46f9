"""What runs beside the requests of a process: it looks for what others left, and for what has had its time."""

import os
import threading

from django.core import mail

from chat.audit.chain import start_chaining
from chat.generation.engine import engine
from chat.generation.recovery import start_sweeping
from chat.retention.expiry import start_erasing_expired
from chat.retention.fragments import start_forgetting

_started_in: set[int] = set()
"""Processes: one that was forked starts its own."""
_lock = threading.Lock()


def start_sweeps() -> bool:
    """Begin, once in each process, however often it is asked. Returns whether it began now.

    Nothing begins while Django tests (`setup_test_environment` makes `mail.outbox`): the database is the tests' own.
    """
    if os.getpid() in _started_in or hasattr(mail, "outbox"):
        return False
    with _lock:
        if os.getpid() in _started_in:
            return False
        _started_in.add(os.getpid())
    start_sweeping(alive=lambda: list(engine.runs))
    start_erasing_expired()
    start_forgetting()
    start_chaining()
    return True
