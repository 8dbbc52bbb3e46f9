"""Files of users are inspected in a process of their own (chat/attachments/confinement.py): one file, one process.

Whatever a file does to it, the site goes on, and says that the file cannot be read.
"""

import json
import logging
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO

from chat.attachments.confinement import PYTHON, confined
from chat.attachments.inspection import Inspected, Limits
from chat.errors import ChatError, TooLong, Unavailable, Unsupported
from chat.i18n import gettext_noop as _
from chat.models.threads import Pool
from chat.models.turns import FairThreads
from chat.models.users import UserId

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Uploads that this process has inspected at the same time; others wait, in a queue that holds none of their bytes."""
WAITING = 20
"""Files of one user that may wait. They are taken one by one, so that nobody waits for all of somebody else's."""
SECONDS = 20.0
"""For one file, of which it may calculate for CPU_SECONDS (chat/attachments/inspection/__main__.py)."""

TOO_HARD = _("This file could not be read in the time or memory that a file may take.")
FAULTS: dict[str, type[ChatError]] = {kind.code: kind for kind in (Unsupported, TooLong)}

COMMAND = [*PYTHON, "chat.attachments.inspection"]

uploads = FairThreads(
    Pool("inspecting"), AT_ONCE, WAITING, _("Many of your files are being read already. Try again in a moment.")
)


async def inspect(owner_id: UserId, file: IO[bytes], limits: Limits) -> Inspected:
    """What `file` is. Raises Unsupported, TooLong, TooMany or Unavailable, with a sentence."""
    return await uploads.call(owner_id, _inspect, file, limits)


def inspect_blocking(file: IO[bytes], limits: Limits) -> Inspected:
    """As `inspect`, in the caller's own thread: an import's, so that no upload waits for it."""
    return _inspect(file, limits)


def _inspect(file: IO[bytes], limits: Limits) -> Inspected:
    """In a thread, which waits for the process: asyncio's own way depends on who watches the loop's children."""
    try:
        with confined([*COMMAND, json.dumps(asdict(limits))], file, SECONDS) as records:
            return _read(records)
    except OSError as exc:
        logger.error("No process could be started to inspect a file: %s", exc)
        raise Unavailable(retry_after=5) from exc
    except (subprocess.SubprocessError, ValueError, KeyError, TypeError, StopIteration) as exc:
        logger.warning("A file could not be inspected: %s", words_of(exc))
        raise Unsupported(TOO_HARD) from exc


def _read(records: Iterator[bytes]) -> Inspected:
    said = json.loads(next(records))
    if "fault" in said:
        raise FAULTS[said["fault"]](said["sentence"], values=said["values"])
    return Inspected.from_records(said, records)


def words_of(exc: Exception) -> str:
    """For the log, without the command."""
    if isinstance(exc, subprocess.CalledProcessError):
        return f"its process ended with {exc.returncode}"
    return "its process took too long" if isinstance(exc, subprocess.TimeoutExpired) else repr(exc)
