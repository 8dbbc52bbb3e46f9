"""Several processes of one site, with their database, a Redis and the tools on all cores that there are.

What they take of these is told apart, by who takes it: that of the tools would be other machines' elsewhere.
"""

import contextlib
import http.client
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any

from databases import Postgres, Sqlite
from local_site import CSRF, ROOT
from people import Person
from servers import START_SECONDS, Request, Server, Site, Upstream, Wish, post
from tools import cpu_seconds, machine_seconds, tools_seconds

CORES = f"0-{(os.cpu_count() or 1) - 1}"
SITE, TOOLS, REDIS, OTHERS = "the site", "the tools", "Redis", "others"

Seconds = dict[str, float]
"""Of CPU, by who took them. "Others": the kernel for nobody, programs that have no part in this, other machines."""


class Process(Server):
    """One of them, on whichever core is free."""

    name = "a process of the site"

    def __init__(self, upstream: Upstream, variables: dict[str, str]) -> None:
        super().__init__(upstream, CORES)
        self._variables = variables

    def command(self) -> list[str]:
        return [sys.executable, *(word.format(port=self.port) for word in Site.listens_as)]

    def environment(self) -> dict[str, str]:
        return self._variables

    def terminate(self) -> None:
        """Tell it to end."""
        assert self._process
        self._process.terminate()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise SystemExit(f"It is not ready after {START_SECONDS} s:\n{self.log}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as asked,
        ):
            asked.request("GET", "/health/ready/")
            return asked.getresponse().status == 200
        return False


class Several(Site):
    """`fill` makes the people of the database, whose copy each measurement begins with.

    This process is the site too, to make them. So there can be one of these in a process.
    """

    name = "several processes of the site"

    def __init__(self, upstream: Upstream, database: Sqlite | Postgres, fill: Callable[[], Sequence[Person]]) -> None:
        super().__init__(upstream, 0)
        self.database = database
        self.processes: list[Process] = []
        self._fill = fill
        self._redis: Any = None

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "DJANGO_SETTINGS_MODULE": "tests.support.settings",
            "CHATSITE_TEST_FOLDER": str(self.folder),
            "SECRET_KEY": "benchmark-" * 6,
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "DATABASE_URL": self.database.url,
        }

    def prepare(self) -> None:
        os.environ.update(self.environment())
        sys.path.insert(0, str(ROOT))
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        self.filled: Sequence[Person] = self._fill()
        connections.close_all()
        self.database.filled()

    @contextlib.contextmanager
    def running(self, number: int = 2, *, has_redis: bool = True, **changes: str) -> Iterator["Several"]:
        with contextlib.ExitStack() as stack:
            variables = self.environment() | {"DATABASE_URL": self.database.copy(), **changes}
            if has_redis and number > 1:
                self._redis = stack.enter_context(redis_server())
                variables["REDIS_URL"] = self._redis.url
            self._sessions = cycle(person.session for person in self.filled)
            self.processes = [Process(self.upstream, variables) for _ in range(number)]
            for process in self.processes:
                stack.enter_context(process.running())
            for process in self.processes:
                process.wait_ready()
            yield self
        self.processes, self._redis = [], None

    @property
    def pids(self) -> list[int]:
        return [pid for process in self.processes for pid in process.pids]

    @property
    def ports(self) -> str:
        return ",".join(str(process.port) for process in self.processes)

    @property
    def redis_pids(self) -> list[int]:
        return [self._redis.pid] if self._redis else []

    def messages(self) -> int:
        """That Redis was given so far."""
        return int(self._redis.published()) if self._redis else 0

    def tell(self, channel: str, messages: Sequence[bytes]) -> None:
        """As another process would."""
        import redis

        with redis.Redis.from_url(self._redis.url) as client, client.pipeline(transaction=False) as pipeline:
            for message in messages:
                pipeline.publish(channel, message)
            pipeline.execute()

    def request(self, wish: Wish, history: int = 0) -> Request:
        body = {"id": str(uuid.uuid4()), "text": wish.text, "parent": None}
        headers = f"Cookie: sessionid={next(self._sessions)}; csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\n"
        return Request(post(f"/c/{uuid.uuid4()}/messages/", body, headers), wish.tokens)

    def spent(self) -> Seconds:
        """So far."""
        tools = tools_seconds(self.upstream) + time.process_time()
        spent = {SITE: cpu_seconds(self.pids), TOOLS: tools, REDIS: cpu_seconds(self.redis_pids)}
        spent[self.database.name] = self.database.cpu()
        return spent | {OTHERS: machine_seconds() - sum(spent.values())}

    @contextlib.contextmanager
    def spending(self) -> Iterator[Seconds]:
        """Meanwhile; in the end it has its "seconds" as well."""
        began, before, spent = time.monotonic(), self.spent(), Seconds()
        yield spent
        now = self.spent()
        spent |= {name: now[name] - before[name] for name in now}
        spent["seconds"] = time.monotonic() - began


def redis_server() -> Any:
    """One of its own; a context manager."""
    from tests.support import redis

    class Watched(redis.RedisServer):
        @property
        def pid(self) -> int:
            assert self._process
            return self._process.pid

    program = redis.program()
    if not program:
        raise SystemExit("redis-server or valkey-server is needed")
    return Watched(program)


def shares(spent: Seconds) -> dict[str, float]:
    """Of a core, by who took them."""
    return {name: took / spent["seconds"] for name, took in spent.items() if name != "seconds" and took}


def as_words(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in parts.items() if share >= 0.005)
