"""A site: a real server process, on the test's database, that talks to a scripted upstream."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection

from tests.support.preloaded import ROOT, Preloaded, Process
from tests.support.waiting import PAUSE

API_KEY = "sk-test-0123456789-do-not-show"
START_SECONDS = 60.0
END_SECONDS = 30.0
APPLICATION = "chatsite.asgi:application"


def environment(**changes: str | None) -> dict[str, str]:
    """The whole environment of a site process: production settings but for HTTPS. None removes a variable."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    variables: dict[str, str | None] = {
        **inherited,
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "tests.support.settings",
        "CHATSITE_TEST_FOLDER": str(settings.TEST_FOLDER),
        "CHATSITE_TEST_STATIC": str(settings.STATIC_ROOT),
        "DEBUG": "off",
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "SECURE_SSL_REDIRECT": "off",
        "SESSION_COOKIE_SECURE": "off",
        "CSRF_COOKIE_SECURE": "off",
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "OPENAI_API_KEY": API_KEY,
        "CHAT_TITLES": "off",
        **changes,
    }
    return {name: value for name, value in variables.items() if value is not None}


class Site:
    """Listens on a port of its own, which stays the same (and open) over restarts.

    Without `preloaded` libraries it is started as the documentation says, a second of work later.
    """

    patience = START_SECONDS

    def __init__(self, log: Path, variables: dict[str, str], preloaded: Preloaded | None = None) -> None:
        self._preloaded = preloaded
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self._port = int(self._listener.getsockname()[1])
        self._variables = variables
        self._process: subprocess.Popen[bytes] | Process | None = None
        self.log_file = log

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        assert self._process
        return self._process.poll() is not None

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def start(self) -> None:
        """Start the process and return once it answers."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start the process. It adopts our socket, so no other can take the port and nobody is refused."""
        listener = self._listener.fileno()
        with self.log_file.open("ab") as log:
            # What is preloaded into it, before Python, needs a program of its own.
            if self._preloaded and "LD_PRELOAD" not in self._variables:
                self._process = self._preloaded.start([APPLICATION], self._variables, listener, log.fileno())
                return
            self._run(["daphne", "--fd", str(listener), APPLICATION], log, pass_fds=[listener])

    def _run(self, module: list[str], log: IO[bytes], **more: Any) -> None:
        dies_with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        self._process = subprocess.Popen(
            [*dies_with_us, sys.executable, "-m", *module],
            cwd=ROOT,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **more,
        )

    def wait_ready(self) -> None:
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            assert not self.has_ended, f"The site ended at once:\n{self.log}"
            if self._answers():
                return
        raise AssertionError(f"The site did not answer within {self.patience} s:\n{self.log}")

    def _answers(self) -> bool:
        """The socket listens already: a request waits in its queue until the process takes it."""
        request = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        with contextlib.closing(request), contextlib.suppress(TimeoutError):
            request.request("GET", "/health/live/")
            response = request.getresponse()
            response.close()
            return True
        return False

    def kill(self) -> None:
        """SIGKILL: no word, no chance to store anything."""
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        self._end(signal.SIGTERM)

    def send(self, sign: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(sign)

    def close(self) -> None:
        """End it for good."""
        if self._process:
            self.kill()
        self._listener.close()

    def _end(self, sign: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(sign)
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(END_SECONDS)
            raise AssertionError(f"The site did not end within {END_SECONDS} s of {sign.name}") from None
        self._process = None


class ListeningSite(Site):
    """Listens itself: where it does not nobody can connect, as is the case in production."""

    def __init__(self, log: Path, variables: dict[str, str]) -> None:
        super().__init__(log, variables)
        self._port = super().port
        self._listener.close()

    @property
    def port(self) -> int:
        return self._port

    def launch(self) -> None:
        with self.log_file.open("ab") as log:
            self._run(["daphne", "-p", str(self.port), APPLICATION], log)

    def _answers(self) -> bool:
        try:
            return super()._answers()
        except ConnectionRefusedError:
            time.sleep(PAUSE)
            return False
