"""What `manage.py check` finds is said by the log of a process that starts, too: a server of ASGI runs no checks."""

import logging
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.db import connection

from chatsite.checks import check_migrations

logger = logging.getLogger("chatsite")


def log_findings() -> None:
    """A line for each, with what to do. With DEBUG nothing: there `runserver` says it.

    In a thread: it may be called with an event loop running, and the connection must not stay open.
    """
    if settings.DEBUG:
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="checks") as thread:
        for each in thread.submit(_findings).result():
            logger.log(each.level, "%s", _line(each))


def _findings() -> list[CheckMessage]:
    try:
        return [each for each in (*run_checks(), *check_migrations(None)) if not each.is_silenced()]
    finally:
        connection.close()


def _line(found: CheckMessage) -> str:
    words = f"{found.msg} {found.hint or ''} ({found.id})"
    return " ".join(words.split())
