"""Site processes that need not import the libraries, which is most of a start: a second of work, in a hundred starts.

A process imports them once, and nothing that knows settings; it has no event loop and no other thread. For each site
it forks itself, and there runs what `python -m daphne …` runs, in an environment of its own. Sites die with the
process that they are forked from, and that dies with us. (Linux alone has all that this takes.)
"""

import ctypes
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent.parent
IS_POSSIBLE = hasattr(os, "pidfd_open")
LIBRARIES = [
    # Not daphne itself: with its server comes an event loop.
    *("autobahn.twisted.websocket", "twisted.internet.asyncioreactor", "twisted.protocols.tls", "twisted.web.http"),
    *("aiohttp", "httpx2", "openai", "pydantic"),
    *("PIL.Image", "pypdf"),
    *("cachetools", "csp.middleware", "csp.templatetags.csp", "environ", "packaging.version", "prometheus_client"),
    *("servestatic.checks", "servestatic.middleware", "smtplib", "tomllib"),
    *("cryptography.fernet", "fido2.server", "jwt", "qrcode.image.svg", "requests"),  # allauth's
    *("django.contrib.admin", "django.contrib.staticfiles.storage", "django.core.handlers.asgi", "django.core.mail"),
    *("django.db.backends.sqlite3.base", "django.db.migrations.autodetector", "django.db.models", "django.forms"),
    *("django.template.engine", "django.utils.translation", "django.views.generic"),
    *("django.contrib.admin.templatetags.admin_list", "django.contrib.admin.views.main"),
    *("django.contrib.auth.hashers", "django.contrib.auth.management", "django.contrib.auth.tokens"),
    *("django.contrib.messages.middleware", "django.contrib.sessions.backends.db", "django.core.cache.backends.db"),
    *("django.contrib.sessions.middleware", "django.contrib.staticfiles.checks", "django.middleware.locale"),
    *("django.core.management.commands.makemigrations", "django.core.management.commands.migrate"),
    *("django.db.migrations.executor", "django.middleware.clickjacking", "django.middleware.common"),
    *("django.contrib.auth.password_validation", "django.middleware.security", "django.contrib.sites.shortcuts"),
    # Ours that are pure.
    *("chat.core.prompt", "chat.core.search_terms", "chat.core.titles", "chat.import_export.reading"),
    *("chat.attachments.inspection.found", "chat.core.markdown", "chat.core.quotas", "chat.import_export.zip_stream"),
    *("chat.import_export.markdown", "chat.providers.configuration", "chat.providers.openai"),
]
PR_SET_PDEATHSIG = 1
"""Of prctl(2)."""


class Process:
    """What we need of subprocess.Popen, for a process that is no child of ours."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self._descriptor = descriptor
        self._end = select.poll()
        self._end.register(descriptor, select.POLLIN)  # pidfd_open(2)

    def poll(self) -> int | None:
        """None while it runs. How it ended is not known."""
        return 0 if self._end.poll(0) else None

    def wait(self, timeout: float) -> None:
        if not self._end.poll(timeout * 1000):
            raise subprocess.TimeoutExpired("the site", timeout)
        os.close(self._descriptor)

    def send_signal(self, sign: int) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, sign)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Preloaded:
    """The process that has the libraries; `start` forks it."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._orders, orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with orders:
            command = [sys.executable, "-m", __name__, str(orders.fileno())]
            descriptors = [orders.fileno()]
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=variables, pass_fds=descriptors, stdin=subprocess.DEVNULL
            )

    def start(self, arguments: list[str], variables: dict[str, str], listener: int, log: int) -> Process:
        """Does `python -m daphne --fd <listener> <arguments>`, which writes to `log`."""
        socket.send_fds(self._orders, [json.dumps([arguments, variables]).encode()], [listener, log])
        pid, descriptors, _, _ = socket.recv_fds(self._orders, 100, 1)
        return Process(int(pid), *descriptors)

    def close(self) -> None:
        self._orders.close()
        self._process.wait()


# In that process


def main(orders: socket.socket) -> None:
    """Fork for each order, until there is nobody who could give one."""
    for name in LIBRARIES:
        import_module(name)
    assert "twisted.internet.reactor" not in sys.modules
    assert not import_module("django.conf").settings.configured
    gc.collect()
    gc.freeze()  # else each site would look through all of it, and so copy it
    signal.signal(signal.SIGCHLD, _bury)
    while True:
        order, descriptors, _, _ = socket.recv_fds(orders, 1_000_000, 2)
        if not order:
            return
        if not (pid := os.fork()):
            orders.close()
            become_site(*json.loads(order), *descriptors)
            return
        process = os.pidfd_open(pid)
        socket.send_fds(orders, [str(pid).encode()], [process])
        for descriptor in (process, *descriptors):
            os.close(descriptor)


def _bury(sign: int, frame: FrameType | None) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def become_site(arguments: list[str], variables: dict[str, str], listener: int, log: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = ["daphne", "--fd", str(listener), *arguments]
    runpy.run_module("daphne", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
