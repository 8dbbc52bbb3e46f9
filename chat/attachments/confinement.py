"""Files of strangers are read in a process of their own, with bounds on its time and its memory. Whatever a file does
to it, the site goes on.

The process has the file as its standard input, so that nothing of it is in the site's memory, and answers in records
(chat/attachments/records.py), which the site takes one by one. It knows neither the settings nor the database: its
environment is where Python's modules are, and nothing else.
"""

import io
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import IO

from chat.attachments.records import HEAD, MOST

ROOT = Path(__file__).resolve().parents[2]
PYTHON = [sys.executable, "-s", "-P", "-m"]
CHUNK = 1 << 16


@contextmanager
def confined(command: Sequence[str], file: IO[bytes], seconds: float) -> Iterator[Iterator[bytes]]:
    """The records of a process that reads `file`. Afterwards it is gone, and so is what it has not said yet.

    `seconds`: how long it may be waited for, all in all. Raises OSError if it cannot be started; while it is read,
    subprocess.SubprocessError or ValueError if it takes too long, ends early or says what is no record.
    """
    with on_disk(file) as own:
        process = subprocess.Popen(  # noqa: S603 - ours alone
            command,
            stdin=own,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=ROOT,
            env=environment(),
            start_new_session=True,  # Ctrl-C is for the site
        )
        try:
            yield _Output(process, seconds).records()
        finally:
            process.kill()
            process.communicate()


@contextmanager
def on_disk(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """`file` from its beginning, by a descriptor of its own: it stays when `file` is closed."""
    with copy_of(file) as own:
        yield own


def copy_of(file: IO[bytes]) -> IO[bytes]:
    """As `on_disk`, for who closes it. What has no descriptor, as a small upload, is written to a nameless file."""
    file.seek(0)
    try:
        return os.fdopen(os.dup(file.fileno()), "rb")
    except (AttributeError, io.UnsupportedOperation):
        own = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        copyfileobj(file, own)
        own.seek(0)
        return own


def environment() -> dict[str, str]:
    """No keys, no passwords."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {"PYTHONPATH": os.pathsep.join(map(str, sys.path)), **kept}


class _Output:
    """What a process says. Only the time counts in which we wait for it: it waits for us, too."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        assert process.stdout
        self._process, self._descriptor = process, process.stdout.fileno()
        self._seconds = self._left = seconds
        self._buffer = bytearray()
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def records(self) -> Iterator[bytes]:
        """Until the process says, by an empty one, that it is done."""
        while length := int.from_bytes(self._take(HEAD)):
            if length > MOST:
                raise ValueError("This is no record")
            yield self._take(length)

    def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._buffer += self._read()
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _read(self) -> bytes:
        began = time.monotonic()
        if not self._poll.poll(max(0.0, self._left) * 1000):
            raise subprocess.TimeoutExpired(self._process.args, self._seconds)
        self._left -= time.monotonic() - began
        if data := os.read(self._descriptor, CHUNK):
            return data
        raise subprocess.CalledProcessError(self._process.wait(self._seconds), self._process.args)
