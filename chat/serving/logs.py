"""What goes to a log says nothing of what was searched, and nothing that opens a door.

Servers and Django log the addresses that were asked for. There a query bears what somebody searches (`/search/?q=…`),
and a path may bear a token that stands for its reader: of a shared link, of a new password. Both are left out of every
line, whoever writes it.
"""

import logging
import re
import traceback
from typing import Any

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


class Formatter(logging.Formatter):
    """Of a handler: tracebacks without what a database quotes of users' rows."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        lines = "".join(traceback.format_exception(*ei)).rstrip("\n").split("\n")
        return "\n".join(line for line in lines if not line.startswith(QUOTES))
