"""`make run-many`: many processes as one site, on this machine: two of them, PostgreSQL, Redis, nginx in front.

All in temporary folders, which go with it. It serves the built-in model, or what `.env` says.
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.support import postgres, redis
from tests.support.nginx import PROGRAM as NGINX
from tests.support.nginx import Nginx
from tests.support.preloaded import ROOT
from tests.support.waiting import eventually

NUMBER = 2
START_SECONDS = 60.0
END_SECONDS = 70.0


def main() -> None:
    databases, bus = postgres.programs(), redis.program()
    if missing := [
        package
        for package, there in {"postgresql": databases, "redis-server": bus, "nginx-light": NGINX}.items()
        if not there
    ]:
        sys.exit(f"These are needed, on Debian by apt-get install: {' '.join(missing)}")
    for number in (signal.SIGINT, signal.SIGTERM):  # the first is ignored where a script has started this with `&`
        signal.signal(number, signal.default_int_handler)
    with ExitStack() as stack:
        assert databases
        assert bus
        database = stack.enter_context(postgres.Postgres(databases))
        server = stack.enter_context(redis.RedisServer(bus))
        variables = {
            "DEBUG": "on",
            "SECRET_KEY": "only-for-this-machine",
            **os.environ,
            "DATABASE_URL": database.url,
            "REDIS_URL": server.url,
            "CHAT_DRAIN_SECONDS": "60",
            "TRUST_X_FORWARDED_PROTO": "on",
            "CHAT_TRUSTED_PROXIES": "127.0.0.1",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=variables, check=True)
        ports = [_free_port() for _ in range(NUMBER)]
        processes = [stack.enter_context(_process(port, variables)) for port in ports]
        stack.callback(_end, processes)
        for port in ports:
            _wait_ready(port)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        nginx = stack.enter_context(Nginx(folder, *ports))
        print(f"Chatsite is at {nginx.url}/ (its certificate is its own; stop it with Ctrl-C), and behind it:")
        for port, process in zip(ports, processes, strict=True):
            print(f"- process {process.pid} on port {port}, which drains by: kill {process.pid}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("Ending …")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _process(port: int, variables: dict[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "daphne", "-v", "0", "-p", str(port), "chatsite.asgi:application"]
    # In a group of its own: Ctrl-C is for us, who end all in their order.
    return subprocess.Popen(command, cwd=ROOT, env=variables, start_new_session=True)


def _wait_ready(port: int) -> None:
    def is_ready() -> bool:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as asked:
            try:
                asked.request("GET", "/health/ready/")
                return asked.getresponse().status == 200
            except OSError:
                return False

    eventually(is_ready, f"The process on port {port} is ready", START_SECONDS)


def _end(processes: list["subprocess.Popen[bytes]"]) -> None:
    """Twice: what is being written need not come to its end."""
    for _ in range(2):
        for process in processes:
            process.terminate()
    for process in processes:
        process.wait(END_SECONDS)


if __name__ == "__main__":
    main()
