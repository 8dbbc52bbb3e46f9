"""A file that is there as a whole or not at all, however its writer ends.

It is written under another name in its own folder, and locked meanwhile. Where such a file is not locked its writer
was killed: the next one removes it.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from chatsite.databases.errors import Refused

SUFFIX = ".chatsite-unfinished"
JOURNAL = "-journal"
"""SQLite has one beside what it writes."""
UNITS = ("bytes", "kB", "MB", "GB", "TB")


@contextmanager
def whole_file(path: Path, *, replaces: bool = False) -> Iterator[IO[bytes]]:
    """What is written into this one becomes `path` if the block ends well; it has its name, until then, in `name`.

    Nobody but its owner reads it. Written by root it belongs to whom the file belongs that it replaces, or the folder.
    Only with `replaces` may there be such a file. Raises Refused.
    """
    with as_sentence():
        _refuse(path, replaces)
        with _locked(path.with_name(f".{path.name}{SUFFIX}")) as file:
            try:
                _give_to_owner(file, path)
                _remove_left_behind(file, path.parent)
                yield file
                _keep(file, path, replaces)
            except BaseException:
                os.unlink(file.name)
                raise


@contextmanager
def as_sentence() -> Iterator[None]:
    """What the system refuses is Refused."""
    try:
        yield
    except OSError as exc:
        raise Refused(f"{exc.strerror}: {exc.filename}" if exc.filename else f"{exc.strerror}") from exc
    except UnicodeError as exc:
        raise Refused("The name of the file is no UTF-8.") from exc


def need_space(folder: Path, needed: int) -> None:
    """Raises Refused where fewer bytes are free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        sizes = f"{said_size(needed)} may be needed, {said_size(free)} are free"
        raise Refused(f"There is no room in {folder}: {sizes}.")


def said_size(size: float) -> str:
    """Of 1234567 bytes: 1.2 MB."""
    power = 0
    while size >= 1000 and power < len(UNITS) - 1:
        size, power = size / 1000, power + 1
    return f"{size:.1f} {UNITS[power]}" if power and size < 100 else f"{size:.0f} {UNITS[power]}"


def _refuse(path: Path, replaces: bool) -> None:
    if not path.parent.is_dir():
        raise Refused(f"There is no folder {path.parent}.")
    if path.is_dir():
        raise Refused(f"{path} is a folder: name a file in it.")
    if not replaces and os.path.lexists(path):
        raise Refused(f"There is a file {path} already, and none is overwritten.")


def _locked(partial: Path) -> IO[bytes]:
    """Empty, and for this process alone."""
    while True:
        file = open(partial, "r+b", opener=_open)  # noqa: SIM115 - its lock is to last
        if not _lock(file):
            file.close()
            raise Refused(f"{partial.name[1 : -len(SUFFIX)]} is just being written.")
        if _is_there(file, partial):
            file.truncate(0)
            os.fchmod(file.fileno(), 0o600)
            return file
        file.close()  # whose writer has just finished with it


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def _lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_there(file: IO[bytes], path: Path) -> bool:
    return path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())


def _give_to_owner(file: IO[bytes], path: Path) -> None:
    if os.geteuid() == 0:
        owner = path.stat() if path.exists() else path.parent.stat()
        os.fchown(file.fileno(), owner.st_uid, owner.st_gid)


def _remove_left_behind(ours: IO[bytes], folder: Path) -> None:
    for partial in folder.glob(f".*{SUFFIX}"):
        with partial.open("rb") as file:
            if _lock(file) and _is_there(file, partial):
                partial.unlink()
    for journal in folder.glob(f".*{SUFFIX}{JOURNAL}"):
        partial = journal.with_name(journal.name.removesuffix(JOURNAL))
        if not partial.exists() or _is_there(ours, partial):
            journal.unlink()


def _keep(file: IO[bytes], path: Path, replaces: bool) -> None:
    os.fsync(file.fileno())
    _refuse(path, replaces)
    os.rename(file.name, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
