"""What the soak runs: processes of one site, their database and their Redis, and what befalls each of them."""

import asyncio
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

from local_site import ROOT, free_port

sys.path.insert(0, str(ROOT))

from tests.support import postgres, redis

DRAIN_SECONDS = 10
PAUSE_SECONDS = 22
"""Longer than a lease: the others end what it writes, and it must see that when it wakes up."""
AWAY_SECONDS = 3
MAKE_SESSIONS = """
from django.contrib.auth import get_user_model
from django.test import Client
for number in range({users}):
    client = Client()
    client.force_login(get_user_model().objects.create_user(f"soak-{{number}}"))
    print("session", client.cookies["sessionid"].value)
"""


class Process:
    """Of the site, at a port of its own, which stays the same."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self.log = log
        self._env = env

    def start(self) -> None:
        command = [sys.executable, "-m", "daphne", "-v0", "-b", "127.0.0.1", "-p", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "chatsite.asgi:application"], cwd=ROOT, env=self._env, stdout=log, stderr=log
            )

    def end(self, how: signal.Signals) -> float:
        """Returns how long it took, in seconds."""
        began = time.monotonic()
        self.send(how)
        self._process.wait()
        return time.monotonic() - began

    def send(self, sign: signal.Signals) -> None:
        self._process.send_signal(sign)

    @property
    def memory(self) -> int:
        """Resident, in kB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s*(\d+)", status)[0])


class Site:
    """All of it: a context manager, after which nothing is left."""

    def __init__(self, folder: Path, number: int, is_on_sqlite: bool, upstream_port: int) -> None:
        self._stack = ExitStack()
        self._file = folder / "db.sqlite3"
        self.database: postgres.Postgres | None = None
        self.redis: redis.RedisServer | None = None
        url, more = f"sqlite:///{self._file}", {}
        if not is_on_sqlite:
            self.database, self.redis = self._servers()
            url, more = self.database.url, {"REDIS_URL": self.redis.url}
        self.env = os.environ | {
            "DEBUG": "off",
            "SECRET_KEY": "soak",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "off",
            "DATABASE_URL": url,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream_port}/v1",
            "OPENAI_API_KEY": "sk-soak",
            "CHAT_MESSAGES_PER_MINUTE": "0",
            "CHAT_TITLES": "off",
            "CHAT_FIRST_TOKEN_SECONDS": "8",
            "CHAT_IDLE_SECONDS": "5",
            "CHAT_OUTPUT_CHARS": "40000",
            "CHAT_DRAIN_NOTICE_SECONDS": "1",
            "CHAT_DRAIN_SECONDS": str(DRAIN_SECONDS),
            **more,
        }
        self.processes = [Process(self.env, folder / f"site-{one}.log") for one in range(number)]

    def _servers(self) -> tuple[postgres.Postgres, redis.RedisServer]:
        binaries, program = postgres.programs(), redis.program()
        if not (binaries and program):
            sys.exit("PostgreSQL and Redis are needed (apt-get install postgresql redis-server), or --sqlite")
        database = self._stack.enter_context(postgres.Postgres(binaries))
        return database, self._stack.enter_context(redis.RedisServer(program))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def prepare(self, users: int) -> list[str]:
        """Returns their sessions."""
        manage = [sys.executable, "manage.py"]
        subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=self.env, check=True)
        shell = [*manage, "shell", "-v0", "-c", MAKE_SESSIONS.format(users=users)]
        output = subprocess.run(shell, cwd=ROOT, env=self.env, check=True, capture_output=True, text=True).stdout
        return [line.split()[1] for line in output.splitlines() if line.startswith("session ")]

    def start(self) -> None:
        for process in self.processes:
            process.start()
            self._stack.callback(process.end, signal.SIGKILL)

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        if not self.database:
            with closing(sqlite3.connect(self._file)) as connection:
                yield from connection.execute(query)
            return
        import psycopg

        with psycopg.connect(self.database.url) as connection:
            yield from connection.execute(query)

    @property
    def log(self) -> str:
        return "".join(process.log.read_text(errors="replace") for process in self.processes)


class Mishaps:
    """One after the other, each kind as often as the others, in an order of chance."""

    def __init__(self, site: Site, dice: random.Random, cut_clients: Callable[[], int]) -> None:
        self._site, self._dice, self._cut_clients = site, dice, cut_clients
        self._kinds = [self.kill, self.kill, self.term, self.term, self.pause, self.cut_clients]
        if site.database:
            self._kinds += [self.restart_database, self.cut_database, self.restart_redis, self.cut_redis]
        self._modes = ["fast", "immediate"]
        self.happened: Counter[str] = Counter()
        self.memory: list[int] = []
        self.drains: list[float] = []

    async def happen(self, until: float, seconds: float) -> None:
        bag: list[Callable[[], str]] = []
        while time.monotonic() + seconds < until:
            await asyncio.sleep(seconds)
            if not bag:
                bag = self._dice.sample(self._kinds, len(self._kinds))
            mishap = bag.pop()
            said = await asyncio.to_thread(mishap)
            self.happened[mishap.__name__] += 1
            print(f"{time.strftime('%H:%M:%S')} {mishap.__name__.replace('_', ' ')}: {said}", flush=True)

    def kill(self) -> str:
        return self._end(self._any_process(), signal.SIGKILL)

    def term(self) -> str:
        process = self._any_process()
        said = self._end(process, signal.SIGTERM)
        self.drains.append(float(said.split()[-2]))
        return said

    def _end(self, process: Process, how: signal.Signals) -> str:
        self.memory.append(process.memory)
        took = process.end(how)
        process.start()
        return f"port {process.port}, {self.memory[-1]:,} kB resident before, gone after {took:.2f} s"

    def pause(self) -> str:
        process = self._any_process()
        process.send(signal.SIGSTOP)
        time.sleep(PAUSE_SECONDS)
        process.send(signal.SIGCONT)
        return f"port {process.port} for {PAUSE_SECONDS} s"

    def _any_process(self) -> Process:
        return self._dice.choice(self._site.processes)

    def cut_clients(self) -> str:
        return f"{self._cut_clients()} connections"

    def restart_database(self) -> str:
        assert self._site.database
        self._modes.reverse()
        self._site.database.stop(self._modes[0])
        time.sleep(AWAY_SECONDS)
        self._site.database.start()
        return f"{self._modes[0]}, away for {AWAY_SECONDS} s"

    def cut_database(self) -> str:
        others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
        return f"{len(list(self._site.rows(others + 'and pid <> pg_backend_pid()')))} connections"

    def restart_redis(self) -> str:
        assert self._site.redis
        self._site.redis.kill()
        time.sleep(AWAY_SECONDS)
        self._site.redis.start()
        return f"away for {AWAY_SECONDS} s"

    def cut_redis(self) -> str:
        assert self._site.redis
        killed = sum(self._site.redis.ask("CLIENT", "KILL", "TYPE", kind) for kind in ("normal", "pubsub"))
        return f"{killed} connections"


def loggings(log: str) -> Counter[str]:
    """How many lines there are of each severity, and tracebacks."""
    found = Counter(re.findall(r"\b(WARNING|ERROR|CRITICAL)\b", log))
    found["tracebacks"] = log.count("Traceback (most recent call last)")
    return found
