"""What do pages cost that are open and where nothing happens?

Runs the site (daphne, SQLite, its defaults) and opens the stream of hints of so many users, each with a login of their
own, as a page that is looked at does. Prints how much of a core the server's process took in the time after, and what
each stream holds of its memory. Read from /proc: Linux only.

    python benchmarks/idle.py [streams [seconds]]        (default: 1000 60)
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from local_site import ROOT, connected, environment, free_port, served

TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_SECONDS = 20
SHORT_SECONDS = 5

MAKE_SESSIONS = """
import sys
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from datetime import timedelta
number, users = int(sys.stdin.readline()), get_user_model()
tomorrow = timezone.now() + timedelta(days=1)
made = users.objects.bulk_create(users(username=f"reader-{each}", password="!") for each in range(number))
rows = []
for user in made:
    store, key = SessionStore(), f"session{user.pk:025}"
    data = {SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend"}
    data[HASH_SESSION_KEY] = user.get_session_auth_hash()
    rows.append(Session(session_key=key, session_data=store.encode(data), expire_date=tomorrow))
    print(key)
Session.objects.bulk_create(rows)
"""


def make_sessions(env: dict[str, str], number: int) -> list[str]:
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=env, check=True)
    shell = [*manage, "shell", "-v0", "-c", MAKE_SESSIONS]
    done = subprocess.run(shell, cwd=ROOT, env=env, check=True, input=f"{number}\n", capture_output=True, text=True)
    return [line for line in done.stdout.split() if line.startswith("session")]


async def open_stream(port: int, session: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Hear what a page hears; return once the first event has come."""
    reader, writer = await connected(port)
    head = "Host: 127.0.0.1\r\nAccept: text/event-stream\r\nAccept-Language: en\r\nUser-Agent: Mozilla/5.0\r\n"
    writer.write(f"GET /hints/ HTTP/1.1\r\n{head}Cookie: sessionid={session}\r\n\r\n".encode())
    status = await reader.readline()
    if b" 200 " not in status:
        sys.exit(f"The site answered {status!r}: {await reader.read(2000)!r}")
    await reader.readuntil(b"event: version")
    return reader, writer


class Heard:
    """What comes on all streams."""

    def __init__(self) -> None:
        self.bytes = 0

    async def read(self, reader: asyncio.StreamReader) -> None:
        while piece := await reader.read(65536):
            self.bytes += len(piece)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kb(pid: int) -> int:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0])


async def main(number: int, seconds: float) -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(folder, free_port()) | {
            "DEBUG": "off",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "off",
        }
        sessions = make_sessions(env, number + 20)
        with served(env, port) as server:
            await measure(server.pid, port, sessions, seconds)


async def measure(pid: int, port: int, sessions: list[str], seconds: float) -> None:
    heard = Heard()
    warm = [await open_stream(port, session) for session in sessions[:20]]
    await asyncio.sleep(SHORT_SECONDS)
    before, without = resident_kb(pid), await share(pid, SHORT_SECONDS)
    begun = time.monotonic(), cpu_seconds(pid)
    streams = warm
    for at in range(20, len(sessions), 20):
        streams += await asyncio.gather(*(open_stream(port, session) for session in sessions[at : at + 20]))
    opening = (cpu_seconds(pid) - begun[1]) / (len(streams) - 20) * 1000
    tasks = [asyncio.create_task(heard.read(reader)) for reader, _ in streams]
    await asyncio.sleep(SETTLE_SECONDS)
    count = len(streams) - 20
    held = (resident_kb(pid) - before) / count
    heard.bytes = 0
    idle = await share(pid, seconds)
    alive = heard.bytes / len(streams) / seconds
    print(f"{len(streams):,} open streams: {idle:.2%} of a core (20 take {without:.2%}), {held:.0f} kB each")
    print(f"the process with 20: {before / 1000:.0f} MB")
    print(f"keeping them alive: {alive:.1f} bytes a second each")
    print(f"to open one: {opening:.1f} ms of CPU")
    for task in tasks:
        task.cancel()


async def share(pid: int, seconds: float) -> float:
    """Of a core, that a process takes for a while."""
    begun, before = time.monotonic(), cpu_seconds(pid)
    await asyncio.sleep(seconds)
    return (cpu_seconds(pid) - before) / (time.monotonic() - begun)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(numbers[0] if numbers else 1000, numbers[1] if len(numbers) > 1 else 60))
