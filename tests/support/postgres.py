"""A real PostgreSQL of the tests' own: a cluster in a temporary folder, gone with them."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
"""Debian keeps the servers out of the PATH."""


def programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; None if there is no server on this machine."""
    if INSTALLED:
        return INSTALLED[-1]
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class Postgres:
    """A server on a loopback port. It refuses to run as root, so root runs it as the package's user.

    Its data begin as a copy of those that another one has left behind, or empty.
    """

    def __init__(self, binaries: Path, data: Path | None = None) -> None:
        self._binaries = binaries
        self._begin_with = data
        self._folder = Path(tempfile.mkdtemp(prefix="chatsite-postgres-"))
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]

    @property
    def data(self) -> Path:
        return self._folder / "data"

    @property
    def url(self) -> str:
        return f"postgres://chatsite@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        if self._begin_with:
            shutil.copytree(self._begin_with, self.data)
        if self._as_user:
            for path in [self._folder, *self._folder.rglob("*")]:
                shutil.chown(path, "postgres")
        if not self._begin_with:
            self._run("initdb", "--auth=trust", "--username=chatsite", "--encoding=UTF8", "--no-sync", "--no-locale")
        self.start()
        return self

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c fsync=off -k {self._folder}"
        self._run("pg_ctl", "--wait", "--log", str(self._folder / "log"), "--options", options, "start")

    def __exit__(self, kind: type | None, exc: BaseException | None, traceback: TracebackType | None) -> None:
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def leave(self, data: Path) -> None:
        """Stop it, and leave its data behind."""
        self.stop("fast")
        shutil.copytree(self.data, data)

    def stop(self, mode: str) -> None:
        """`fast`: in order; `immediate`: as a crash. It may be started again at the same address."""
        self._run("pg_ctl", "--wait", f"--mode={mode}", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._binaries / program), "--pgdata", str(self.data), *arguments]
        done = subprocess.run(command, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        assert done.returncode == 0, done.stdout.decode(errors="replace")
