"""PostgreSQL as Debian's package leaves it, with its data and its socket below a folder of a test's."""

import shutil
import subprocess
from pathlib import Path

from tests.support.postgres import programs

SECONDS = 60


class Cluster:
    """It believes the system who asks (`peer`). It runs as the package's user, and is root's to start."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "var/lib/postgresql"
        self.socket = folder / "var/run/postgresql"

    def start(self) -> None:
        for place in (self._data, self.socket):
            place.mkdir(parents=True)
            shutil.chown(place, "postgres")
        self._run("initdb", "--auth=peer", "--encoding=UTF8", "--no-sync", "--no-locale")
        options = f"-c listen_addresses= -c fsync=off -k {self.socket}"
        self._run("pg_ctl", "--wait", "--log", str(self._data / "log"), "--options", options, "start")

    def stop(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "--wait", "--mode=immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        binaries = programs()
        assert binaries
        command = ["runuser", "-u", "postgres", "--", str(binaries / program), "--pgdata", str(self._data), *arguments]
        # What goes on in the background must not hold our pipe.
        subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, check=True, timeout=SECONDS)
