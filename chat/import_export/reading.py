"""A file of somebody's read by a process of its own, which runs this module, and what it says of the file.

Whatever the file makes it do, it ends soon, and it takes no more memory than chat/attachments/bounds.py says.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from typing import IO

from chat.attachments.bounds import bind_itself, bounds
from chat.attachments.confinement import PYTHON, confined
from chat.attachments.records import say
from chat.errors import BadInput, TooLong, Unavailable
from chat.i18n import gettext_noop as _
from chat.import_export.file_reader import Unreadable, all_documents
from chat.import_export.records import Record, Refused, decoded, encoded, fault_from, fault_of, records_of

logger = logging.getLogger(__name__)

CPU_SECONDS = 120
"""That reading one file may take."""
DEEP = 10_000
"""How many brackets may be within each other: two for each message of LibreChat's recursive exports."""
SECONDS = 240.0
"""That the site waits for it, all in all."""
TOO_HARD = _("This file could not be read in the time or memory that a file may take.")
COMMAND = [*PYTHON, "chat.import_export.reading"]

Read = Callable[[IO[bytes], str, int], Generator[Record, None, None]]
"""The documents in a file, which is called so; of one conversation it may be so many bytes (0: any number).

Those that cannot be read are among them, each as refused. Raises BadInput or TooLong if the file as a whole cannot be.
"""


def read(file: IO[bytes], name: str, limit: int) -> Generator[Record, None, None]:
    """A `Read`."""
    try:
        with confined([*COMMAND, json.dumps([name, limit])], file, SECONDS) as records:
            yield from _said(records)
    except OSError as exc:
        logger.error("No process could be started to read a file: %s", exc)
        raise Unavailable(retry_after=5) from exc


def _said(records: Iterator[bytes]) -> Iterator[Record]:
    try:
        for record in records:
            said = json.loads(record)
            if "kind" not in said:
                raise fault_from(said["fault"])
            yield decoded(said)
    except (subprocess.SubprocessError, ValueError, KeyError, TypeError) as exc:
        logger.warning("A file could not be read: %s", _words(exc))
        raise BadInput(TOO_HARD) from exc


def _words(exc: Exception) -> str:
    """For the log, without what the file says."""
    if isinstance(exc, subprocess.CalledProcessError):
        return f"its process ended with {exc.returncode}"
    return "its process took too long" if isinstance(exc, subprocess.TimeoutExpired) else type(exc).__name__


def read_here(file: IO[bytes], name: str, limit: int) -> Generator[Record, None, None]:
    """A `Read` without a process of its own: what that does, and for tests."""
    for found in all_documents(file, name, limit):
        if isinstance(found, Unreadable):
            where = found.fault
            yield Refused(found.title, where.file, where.number, fault_of(where.fault))
        else:
            yield from records_of(found)


def main() -> None:
    """The process. Its argument are the name and the limit, as JSON; the file is its standard input."""
    bind_itself(bounds(CPU_SECONDS))
    sys.setrecursionlimit(DEEP)
    output = sys.stdout.buffer
    try:
        for record in read_here(sys.stdin.buffer, *json.loads(sys.argv[1])):
            say(output, encoded(record))
    except (BadInput, TooLong) as fault:
        say(output, json.dumps({"fault": fault_of(fault)}).encode())
    say(output, b"")
    output.flush()


if __name__ == "__main__":
    main()
