"""A site on this machine that is measured: daphne, SQLite unless its environment says otherwise, no limits."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CSRF = "c" * 32
START_SECONDS = 30


@contextmanager
def served(env: dict[str, str], port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Its process, which need not listen yet (see `connected`)."""
    command = [sys.executable, "-m", "daphne", "-v0", "-b", "127.0.0.1", "-p", str(port), "chatsite.asgi:application"]
    server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield server
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def environment(folder: str, upstream_port: int) -> dict[str, str]:
    return os.environ | {
        "DEBUG": "on",
        "SECRET_KEY": "benchmark",
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream_port}/v1",
        "OPENAI_API_KEY": "none",
        "CHAT_LIVE_PER_USER": "0",
        "CHAT_STREAMS_PER_USER": "0",
        "CHAT_MESSAGES_PER_MINUTE": "0",
        "CHAT_TITLES": "off",
    }


MAKE_SESSION = """
from django.contrib.auth import get_user_model
from django.test import Client
client = Client()
client.force_login(get_user_model().objects.create_user("bench"))
print(client.cookies["sessionid"].value)
"""


def make_session(env: dict[str, str]) -> str:
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=env, check=True)
    shell = [*manage, "shell", "-v0", "-c", MAKE_SESSION]
    return subprocess.run(shell, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout.split()[-1]


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """To a site that may not listen yet."""
    for _ in range(START_SECONDS * 10):
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.1)
    sys.exit(f"The site does not listen after {START_SECONDS} s")
