"""A real Redis, or Valkey, of the tests' own: in a temporary folder, gone with it."""

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

START_SECONDS = 30.0


def program() -> str | None:
    return shutil.which("valkey-server") or shutil.which("redis-server")


class RedisServer:
    """Behind a socket file, or what `options` say. It may be stopped, and started again at the same address."""

    def __init__(self, program: str, url: str = "", options: tuple[str, ...] = ()) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="chatsite-redis-"))
        self._program = program
        self.url = url or f"unix://{self._folder}/socket"
        self._options = options or ("--port", "0", "--unixsocket", f"{self._folder}/socket")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type | None, exc: BaseException | None, traceback: TracebackType | None) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and return once it answers."""
        dies_with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        plain = ["--save", "", "--appendonly", "no", "--dir", str(self._folder), "--logfile", f"{self._folder}/log"]
        command = [*dies_with_us, self._program, *plain, *self._options]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.ask("PING")
                return
            except (redis.ConnectionError, redis.BusyLoadingError):
                assert time.monotonic() < deadline, (self._folder / "log").read_text()
                time.sleep(0.02)

    def kill(self) -> None:
        if self._process:
            self.send(signal.SIGCONT)
            self._process.kill()
            self._process.wait(START_SECONDS)
            self._process = None

    def send(self, sign: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(sign)

    def ask(self, *command: str | int) -> Any:
        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            return client.execute_command(*command)

    def published(self) -> int:
        """How many messages it was given so far."""
        return int(self.ask("INFO", "commandstats").get("cmdstat_publish", {}).get("calls", 0))
