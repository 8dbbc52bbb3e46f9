"""The tools in C, built and run on a core of their own, and what the kernel says of a server's processes."""

import contextlib
import json
import math
import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_site import ROOT
from servers import Request, Server, Upstream

BUILD = ROOT / "benchmarks" / "build"
SETTLE_SECONDS = 1.0
"""After the last answer a server may still store it."""
LOOK_SECONDS = 0.5
TIMEOUT_SECONDS = 240


def build() -> None:
    """Compile the tools; a C compiler is all they need."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise SystemExit("A C compiler (cc) is needed to build the benchmark's tools.")
    BUILD.mkdir(exist_ok=True)
    for name in ("upstream", "load", "workday"):
        source = ROOT / "benchmarks" / f"{name}.c"
        subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", BUILD / name, source], check=True)


@contextlib.contextmanager
def running_upstream() -> Iterator[Upstream]:
    process = subprocess.Popen([BUILD / "upstream"], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield Upstream(process.pid, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


@dataclass
class Held:
    """The most that a server's processes held while they were watched."""

    memory: int = 0
    """Resident, in bytes."""
    threads: int = 0
    connections: int = 0
    """To the database: open handles of its file."""

    def note(self, pids: Sequence[int]) -> None:
        seen = [holding(pid) for pid in pids]
        for name in ("memory", "threads", "connections"):
            setattr(self, name, max(getattr(self, name), sum(getattr(one, name) for one in seen)))


@dataclass
class Result:
    """What the load client found (load.c), and what it cost the server."""

    streams: int
    finished: int
    failed: int
    tokens: int
    lost: int
    doubled: int
    first_ms: dict[str, float] | None
    added_ms: dict[str, float] | None
    tenths: list[float]
    seconds: float
    cpu: float
    """Seconds of CPU, from the first request until the server had settled."""
    held: Held
    tools: float
    """How busy the tools' core was with the tools, 0 to 1. Near 1 they, and not the server, set the pace."""

    def __str__(self) -> str:
        return (
            f"{self.token_cost:.1f} µs a token, first after {self.first('p50'):.1f} / {self.first('p99'):.1f} ms, "
            f"added {self.added('p50'):.1f} / {self.added('p99'):.1f} ms, "
            f"{self.missing} missing, {self.seconds:.1f} s, tools {self.tools:.0%} of their core"
        )

    def first(self, rank: str) -> float:
        """Milliseconds to the first token: p50, p99, max."""
        return self.first_ms[rank] if self.first_ms else math.inf

    def added(self, rank: str) -> float:
        """Milliseconds that a token was late: p50, p99, max."""
        return self.added_ms[rank] if self.added_ms else math.inf

    @property
    def missing(self) -> int:
        """Tokens that came not or twice, and answers without their ending."""
        return self.lost + self.doubled + self.failed

    @property
    def token_cost(self) -> float:
        """Microseconds of CPU for a token, requests and endings included."""
        return self.cpu * 1e6 / max(1, self.tokens)

    @property
    def request_cost(self) -> float:
        """Milliseconds of CPU for a request, its few tokens and its ending included."""
        return self.cpu * 1e3 / max(1, self.finished)


def load(server: Server, requests: Sequence[Request], *, over: float = 0.0, at_once: int = 0) -> Result:
    """Send the requests, evenly over so many seconds and at most so many at once, and read the answers."""
    file = server.folder / "requests"
    file.write_bytes(b"".join(b"%d %d\n" % (len(one.wire), one.tokens) + one.wire for one in requests))
    options = ["-o", str(over), "-t", str(TIMEOUT_SECONDS)]
    options += ["-c", str(at_once)] if at_once else []
    options += ["-e", server.ending] if server.ending else []
    options += ["-p", ",".join(map(str, server.pids))] if server.pids else []
    before, tools_before = cpu_seconds(server.pids), tools_seconds(server.upstream)
    with watched(server.pids) as held:
        done = subprocess.run([BUILD / "load", *options, server.ports, file], stdout=subprocess.PIPE, check=True)
    tools = tools_seconds(server.upstream) - tools_before
    time.sleep(SETTLE_SECONDS)
    found = json.loads(done.stdout)
    cpu = cpu_seconds(server.pids) - before
    return Result(**found, cpu=cpu, held=held, tools=tools / found["seconds"])


def tools_seconds(upstream: Upstream) -> float:
    """CPU of the upstream and of all load clients so far."""
    clients = resource.getrusage(resource.RUSAGE_CHILDREN)
    return cpu_seconds([upstream.pid]) + clients.ru_utime + clients.ru_stime


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of the processes so far (clock_getcpuclockid(3), finer than /proc/<pid>/stat)."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def machine_seconds() -> float:
    """CPU that this machine has taken so far, whoever took it: other machines on the same processor as well."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    user, nice, system, _idle, _waiting, *interrupts_and_stolen = ticks[:8]
    return (user + nice + system + sum(interrupts_and_stolen)) / os.sysconf("SC_CLK_TCK")


def holding(pid: int) -> Held:
    with contextlib.suppress(OSError):
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return Held(int(status["VmRSS"].split()[0]) * 1024, int(status["Threads"]), database_handles(pid))
    return Held()


def database_handles(pid: int) -> int:
    handles = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            handles += os.readlink(f"/proc/{pid}/fd/{name}").endswith("db.sqlite3")
    return handles


@contextlib.contextmanager
def watched(pids: Sequence[int]) -> Iterator[Held]:
    """What the processes hold, looked at now and then meanwhile."""
    held, is_over = Held(), threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_SECONDS):
            held.note(pids)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield held
    finally:
        is_over.set()
        thread.join()
        held.note(pids)
