"""What goes to a log: the cause first, and nothing of what was searched, nor what opens a door.

What Django logs of a request at which a database failed, forty lines each time, becomes one line that begins with the
cause, once a minute, as the chat says it of itself (chat/failures/).

Servers and Django log the addresses that were asked for. There a query bears what somebody searches (`/search/?q=…`),
and a path may bear a token that stands for its reader: of a shared link, of a new password. Both are left out of every
line, whoever writes it.
"""

import logging
import re
import traceback
from typing import Any

from chat.failures import cause_of
from chat.failures.log import FAILURE_LOGGED, more, repeats

UNAVAILABLE = 503
INVITATION = "HTTP/2 support not enabled"
"""To install what browsers get from the proxy in front."""
LONGEST = 300
"""Characters of what somebody has sent."""
LEFT_OUT = "…"
_SECRET = re.compile(r"[\w-]{20,}", re.ASCII)
_NO_SECRET = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|[a-z_]+", re.ASCII)
"""Ids, and the names of addresses and files."""
_AFTER = re.compile(r"(/(?:s|shares|invitation)/)[^/\s]+")
"""A token of ours, if somebody has cut or mistyped it."""
ABOUT_REQUESTS = ("django", "daphne", "twisted", "uvicorn", "hypercorn", "asyncio")
"""Loggers that say which address was asked for."""
QUOTES = ("DETAIL:", "LINE ", "CONTEXT:")
"""How lines begin in which PostgreSQL quotes a statement or a row."""


def loggable(line: str) -> str:
    """An address, or a line with one, without queries and tokens."""
    return " ".join(_without_secrets(word.partition("?")[0]) if "/" in word else word for word in line.split(" "))


def _without_secrets(path: str) -> str:
    path = _AFTER.sub(rf"\1{LEFT_OUT}", path)
    return _SECRET.sub(lambda found: found[0] if _NO_SECRET.fullmatch(found[0]) else LEFT_OUT, path)


class WithoutSecrets(logging.Filter):
    """Of a handler: lets every record pass, and changes those about requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] in ABOUT_REQUESTS:
            record.msg = loggable(record.msg) if isinstance(record.msg, str) else record.msg
            record.args = _changed(record.args)
        return True


def _changed(args: Any) -> Any:
    if isinstance(args, dict):
        return {name: _loggable(value) for name, value in args.items()}
    return tuple(map(_loggable, args)) if isinstance(args, tuple) else args


def _loggable(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # A path that was decoded may have blanks, and what looks like a query.
    return _without_secrets(value.partition("?")[0]) if value.startswith("/") else loggable(value)


class CausesFirst(logging.Filter):
    """Of a handler, behind `WithoutSecrets`: what others log of what is no fault of ours is one line, once a minute.

    Of an exception it begins with the cause. Requests of which the chat has said that already are left out.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security.") and record.exc_info:
            return _is_due(_shortened(record), None)
        if record.exc_info and (cause := cause_of(record.exc_info[1])):
            record.msg, record.args = "%s: %s. %s", (cause.sentence, record.getMessage(), cause.advice)
            record.exc_info = record.exc_text = None
            return _is_due(record, cause.kind)
        if record.name == "django.request":
            status = getattr(record, "status_code", 0)
            if status == UNAVAILABLE:
                return not is_failure_logged(record) and _is_due(record, UNAVAILABLE)
            if 400 <= status < 500:  # a refusal, which Django makes of an exception
                record.exc_info = record.exc_text = None
        return not (record.name == "daphne.server" and str(record.msg).startswith(INVITATION))


def _shortened(record: logging.LogRecord) -> logging.LogRecord:
    """A request that Django did not trust, as one for a foreign host: whoever sends such may send thousands."""
    record.msg, record.args = record.getMessage()[:LONGEST], ()
    record.exc_info = record.exc_text = None
    record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
    return record


def is_failure_logged(record: logging.LogRecord) -> bool:
    """By the chat itself, with its cause."""
    return bool(getattr(getattr(record, "request", None), FAILURE_LOGGED, False))


def _is_due(record: logging.LogRecord, key: object) -> bool:
    if (left_out := repeats.take((record.name, key))) is None:
        return False
    record.msg = f"{record.msg}{more(left_out)}"
    return True


class Formatter(logging.Formatter):
    """Of a handler: tracebacks without what a database quotes of users' rows."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return traceback_without_rows(ei)


def traceback_without_rows(ei: Any) -> str:
    lines = "".join(traceback.format_exception(*ei)).rstrip("\n").split("\n")
    return "\n".join(line for line in lines if not line.startswith(QUOTES))
