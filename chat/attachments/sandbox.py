"""Files of strangers are read in a process of their own (chat/inspection): one file, one process, and bounds on both
its time and its memory. Whatever a file does to it, the site goes on, and says that the file cannot be read.

It knows neither the settings nor the database: its environment is where Python's modules are, and nothing else.
"""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO
from weakref import WeakValueDictionary

from chat.attachments.inspection import Inspected, Limits
from chat.errors import ChatError, TooLong, TooMany, Unavailable, Unsupported
from chat.i18n import gettext_noop as _
from chat.models.users import UserId

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Files that this process has inspected at the same time; others wait, in a queue that holds none of their bytes."""
WAITING = 20
"""Files of one user that may wait. They are taken one by one, so that nobody waits for all of somebody else's."""
SECONDS = 20.0
"""For one file, of which it may calculate for CPU_SECONDS (chat/attachments/inspection/__main__.py)."""

TOO_HARD = _("This file could not be read in the time or memory that a file may take.")
FAULTS: dict[str, type[ChatError]] = {kind.code: kind for kind in (Unsupported, TooLong)}

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-s", "-P", "-m", "chat.attachments.inspection"]

_threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="chat-inspecting")
_turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
_waiting: Counter[int] = Counter()


async def inspect(owner_id: UserId, file: IO[bytes], limits: Limits) -> Inspected:
    """What `file` is. Raises Unsupported, TooLong, TooMany or Unavailable, with a sentence."""
    async with _turn_of(owner_id):
        return await asyncio.get_running_loop().run_in_executor(_threads, _inspect, file, limits)


def inspect_blocking(file: IO[bytes], limits: Limits) -> Inspected:
    """As `inspect`, for a thread that waits: an import's, which has one file after the other inspected."""
    return _threads.submit(_inspect, file, limits).result()


@asynccontextmanager
async def _turn_of(owner_id: UserId) -> AsyncIterator[None]:
    if _waiting[owner_id] >= WAITING:
        raise TooMany(_("Many of your files are being read already. Try again in a moment."), retry_after=5)
    lock = _turns.setdefault(owner_id, asyncio.Lock())
    _waiting[owner_id] += 1
    try:
        async with lock:
            yield
    finally:
        _waiting[owner_id] -= 1
        if not _waiting[owner_id]:
            del _waiting[owner_id]


def _inspect(file: IO[bytes], limits: Limits) -> Inspected:
    """In a thread, which waits for the process: asyncio's own way depends on who watches the loop's children."""
    file.seek(0)
    try:
        done = subprocess.run(  # noqa: S603 - ours alone
            [*COMMAND, json.dumps(asdict(limits))],
            input=file.read(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=_environment(),
            timeout=SECONDS,
            check=True,
            start_new_session=True,  # Ctrl-C is for the site
        )
        return _read(done.stdout)
    except OSError as exc:
        logger.exception("No process could be started to inspect a file")
        raise Unavailable(retry_after=5) from exc
    except (subprocess.SubprocessError, ValueError, KeyError, TypeError) as exc:
        logger.warning("A file could not be inspected: %s", _words(exc))
        raise Unsupported(TOO_HARD) from exc


def _read(said: bytes) -> Inspected:
    if said.startswith(b'{"fault"'):
        fault = json.loads(said)
        raise FAULTS[fault["fault"]](fault["sentence"], values=fault["values"])
    return Inspected.from_bytes(said)


def _environment() -> dict[str, str]:
    """No keys, no passwords."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {"PYTHONPATH": os.pathsep.join(map(str, sys.path)), **kept}


def _words(exc: Exception) -> str:
    """For the log, without the command."""
    if isinstance(exc, subprocess.CalledProcessError):
        return f"its process ended with {exc.returncode}"
    return "its process took too long" if isinstance(exc, subprocess.TimeoutExpired) else repr(exc)
