"""The servers that are measured: how each is started, on one core, and how it is asked for an answer.

All stand between the load client and the upstream (load.c, upstream.c): the site, the original, nginx, and nothing.
"""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from local_site import CSRF, ROOT, free_port

ORIGINAL = ROOT / "benchmarks" / "original"
START_SECONDS = 60
END_SECONDS = 15
USERS = 1000
LENGTHS = (2, 40, 200)
"""Messages of the conversations that a request's cost is measured in."""
CONVERSATIONS = 30
"""Of each length and for each start of the site."""
TEXT_OF_A_MESSAGE = "These are about two hundred characters of a conversation. " * 4


@dataclass(frozen=True)
class Wish:
    """What an answer shall be: so many tokens, one each `interval` microseconds (0: as fast as they go)."""

    tokens: int
    interval: int = 20_000

    @property
    def text(self) -> str:
        return f"bench:{self.interval}:{self.tokens}"


@dataclass(frozen=True)
class Request:
    """One HTTP request, whole, and how many tokens its answer must have."""

    wire: bytes
    tokens: int


@dataclass(frozen=True)
class Upstream:
    """The running upstream.c."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Missing(Exception):
    """This server cannot be run here; says why."""


class Server:
    name = ""
    ending = ""
    """What the end of each whole answer holds."""
    stores = False
    """Has it accounts and a database?"""

    def __init__(self, upstream: Upstream, core: int | str) -> None:
        self.upstream = upstream
        self.port = free_port()
        self._core = core
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self.folder = Path(self._folder.name)

    def prepare(self) -> None:
        """Install and build what it needs, once. Raises Missing."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def request(self, wish: Wish, history: int = 0) -> Request:
        """One that has not been asked before, in a conversation that has `history` messages."""
        raise NotImplementedError

    @contextlib.contextmanager
    def running(self) -> Iterator["Server"]:
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def start(self) -> None:
        self.launch()
        self._wait_until_it_listens()

    def launch(self) -> None:
        dies_with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["taskset", "-c", str(self._core), *dies_with_us, *self.command()],
                cwd=self.working_folder,
                env=os.environ | self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def working_folder(self) -> Path:
        return ROOT

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise SystemExit(f"{self.name} did not start:\n{self.log}")

    def stop(self) -> None:
        if not self._process:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @property
    def pids(self) -> list[int]:
        """Its process and those that it started."""
        return list(family(self._process.pid)) if self._process else []

    @property
    def ports(self) -> str:
        """As the tools in C take them."""
        return str(self.port)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-3000:]


class Site(Server):
    """The site as in production but for HTTPS: daphne and SQLite, accounts, storing and checkpoints on."""

    name = "the site"
    ending = '"status":"complete"'
    stores = True
    listens_as = ("-m", "daphne", "-v0", "-b", "127.0.0.1", "-p", "{port}", "chatsite.asgi:application")

    def prepare(self) -> None:
        words = [sys.executable, "benchmarks/prepare.py", *map(str, (USERS, CONVERSATIONS, *LENGTHS))]
        done = subprocess.run(
            words, cwd=ROOT, env=os.environ | self.environment(), check=True, capture_output=True, text=True
        )
        self._prepared = json.loads(done.stdout)
        shutil.copy(self.folder / "db.sqlite3", self.folder / "prepared.sqlite3")

    def start(self) -> None:
        """With the prepared database as it was, so that each run begins with the same."""
        for file in self.folder.glob("db.sqlite3*"):
            file.unlink()
        shutil.copy(self.folder / "prepared.sqlite3", self.folder / "db.sqlite3")
        self._number = count()
        self._left = {int(length): list(rows) for length, rows in self._prepared["conversations"].items()}
        super().start()

    def command(self) -> list[str]:
        return [sys.executable, *(word.format(port=self.port) for word in self.listens_as)]

    def environment(self) -> dict[str, str]:
        return {
            "DEBUG": "off",
            "SECRET_KEY": "benchmark",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "off",
            "SESSION_COOKIE_SECURE": "off",
            "CSRF_COOKIE_SECURE": "off",
            "DATABASE_URL": f"sqlite:///{self.folder}/db.sqlite3",
            "OPENAI_BASE_URL": f"{self.upstream.url}/v1",
            "OPENAI_API_KEY": "none",
            "CHAT_TITLES": "off",
            "CHAT_LIVE_PER_USER": "0",
            "CHAT_LIVE_PER_PROCESS": "0",
            "CHAT_STREAMS_PER_USER": "0",
            "CHAT_MESSAGES_PER_MINUTE": "0",
            "CHAT_OUTPUT_CHARS": "0",
        }

    def request(self, wish: Wish, history: int = 0) -> Request:
        if history:
            session, conversation, parent = self._left[history].pop()
        else:
            session, conversation, parent = self._session(), str(uuid.uuid4()), None
        body = {"id": str(uuid.uuid4()), "text": wish.text, "parent": parent}
        headers = f"Cookie: sessionid={session}; csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\n"
        return Request(post(f"/c/{conversation}/messages/", body, headers), wish.tokens)

    def _session(self) -> str:
        sessions: list[str] = self._prepared["sessions"]
        return sessions[next(self._number) % len(sessions)]


class SiteOnUvicorn(Site):
    name = "the site on uvicorn"
    package = "uvicorn"
    listens_as = (
        *("-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--log-level", "error"),
        "chatsite.asgi:application",
    )

    def prepare(self) -> None:
        if not importlib.util.find_spec(self.package):
            raise Missing(f"{self.package} is not installed")
        super().prepare()


class SiteOnGranian(SiteOnUvicorn):
    name = "the site on granian"
    package = "granian"
    listens_as = (
        *("-m", "granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", "{port}", "--log-level", "error"),
        "chatsite.asgi:application",
    )


class Original(Server):
    """The route handler of the tutorial, in a production build of Next.js."""

    name = "the original"

    @property
    def working_folder(self) -> Path:
        return ORIGINAL

    def prepare(self) -> None:
        if not (shutil.which("node") and shutil.which("npm")):
            raise Missing("Node.js was not found")
        for words, product, sources in (
            # Not `npm ci`: it fails where the registry has not the parts for all other platforms.
            (
                ["npm", "install", "--no-save", "--include=dev", "--silent"],
                "node_modules/.package-lock.json",
                ["package-lock.json"],
            ),
            (["npm", "run", "--silent", "build"], ".next/BUILD_ID", ["package-lock.json", "app/api/chat/route.ts"]),
        ):
            if is_older(ORIGINAL / product, [ORIGINAL / source for source in sources]):
                print(f"{' '.join(words)} …", file=sys.stderr)
                done = subprocess.run(words, cwd=ORIGINAL, env=os.environ | self.environment(), capture_output=True)
                if done.returncode:
                    raise Missing(f"{' '.join(words)} failed: {done.stderr.decode()[-2000:]}")
                (ORIGINAL / product).touch()

    def command(self) -> list[str]:
        return ["node", "node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", str(self.port)]

    def environment(self) -> dict[str, str]:
        return {
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": f"{self.upstream.url}/v1",
            "NEXT_TELEMETRY_DISABLED": "1",
            "NODE_ENV": "production",
        }

    def request(self, wish: Wish, history: int = 0) -> Request:
        return Request(post("/api/chat", {"messages": messages(wish, history)}), wish.tokens)


class Nginx(Server):
    """nginx hands the upstream's stream on and does nothing else."""

    name = "nginx"
    ending = "[DONE]"

    def prepare(self) -> None:
        self._program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        if not self._program:
            raise Missing("nginx was not found")
        (self.folder / "nginx.conf").write_text(NGINX.format(self=self))

    def command(self) -> list[str]:
        assert self._program
        return [self._program, "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def request(self, wish: Wish, history: int = 0) -> Request:
        return ask_upstream(wish, history)


NGINX = """
daemon off; master_process off; pid {self.folder}/pid; worker_rlimit_nofile 16384; error_log stderr error;
events {{ worker_connections 8192; }}
http {{
    access_log off; client_body_temp_path {self.folder}; proxy_temp_path {self.folder};
    fastcgi_temp_path {self.folder}; uwsgi_temp_path {self.folder}; scgi_temp_path {self.folder};
    upstream model {{ server 127.0.0.1:{self.upstream.port}; keepalive 1000; }}
    server {{
        listen 127.0.0.1:{self.port} backlog=4096;
        client_max_body_size 100m; client_body_buffer_size 1m;
        location / {{
            proxy_pass http://model; proxy_buffering off; proxy_http_version 1.1; proxy_set_header Connection "";
        }}
    }}
}}
"""


class Direct(Server):
    """Nothing between: what the tools themselves add."""

    name = "no server"
    ending = "[DONE]"

    def __init__(self, upstream: Upstream, core: int) -> None:
        super().__init__(upstream, core)
        self.port = upstream.port

    def start(self) -> None:
        pass

    def request(self, wish: Wish, history: int = 0) -> Request:
        return ask_upstream(wish, history)


SERVERS: dict[str, type[Server]] = {
    "site": Site,
    "original": Original,
    "nginx": Nginx,
    "uvicorn": SiteOnUvicorn,
    "granian": SiteOnGranian,
    "direct": Direct,
}


def ask_upstream(wish: Wish, history: int) -> Request:
    body = {
        "model": "gpt-4o-mini",
        "messages": messages(wish, history),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return Request(post("/v1/chat/completions", body), wish.tokens)


def messages(wish: Wish, history: int) -> list[dict[str, str]]:
    before = [
        {"role": ("user", "assistant")[number % 2], "content": TEXT_OF_A_MESSAGE.strip()} for number in range(history)
    ]
    return [*before, {"role": "user", "content": wish.text}]


def post(path: str, content: dict[str, object], headers: str = "") -> bytes:
    body = json.dumps(content).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Accept: text/event-stream\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield from family(int(child))


def is_older(product: Path, sources: list[Path]) -> bool:
    return not product.exists() or any(source.stat().st_mtime > product.stat().st_mtime for source in sources)
