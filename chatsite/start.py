"""What `manage.py check` finds is said by the log of a process that starts, too: a server of ASGI runs no checks."""

import logging

from django.conf import settings
from django.core.checks import CheckMessage, run_checks

from chatsite.at_start import asked
from chatsite.checks import check_migrations

logger = logging.getLogger("chatsite")


def log_findings() -> None:
    """A line for each, with what to do. With DEBUG nothing: there `runserver` says it."""
    if settings.DEBUG:
        return
    for each in asked(_findings):
        logger.log(each.level, "%s", _line(each))


def _findings() -> list[CheckMessage]:
    return [each for each in (*run_checks(), *check_migrations(None)) if not each.is_silenced()]


def _line(found: CheckMessage) -> str:
    words = f"{found.msg} {found.hint or ''} ({found.id})"
    return " ".join(words.split())
