"""What is asked of the database while the site starts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

R = TypeVar("R")


def asked(function: Callable[[], R]) -> R:
    """Its result; what it raises is raised.

    In a thread: it may be called with an event loop running, and the connection must not stay open.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="start") as thread:
        return thread.submit(_with_connection_closed, function).result()


def _with_connection_closed(function: Callable[[], R]) -> R:
    try:
        return function()
    finally:
        connection.close()
