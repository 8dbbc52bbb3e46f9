"""The process that inspects a file: bounded, without secrets, and nothing that happens to it happens to the site."""

import asyncio
import io
import json
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from collections.abc import Callable
from typing import IO

import pytest

from chat.attachments import sandbox
from chat.attachments.confinement import ROOT, environment
from chat.attachments.inspection import Inspected, Limits
from chat.attachments.inspection.__main__ import BOUNDS, CPU_SECONDS, MEMORY
from chat.errors import TooLong, TooMany, Unavailable, Unsupported
from tests.support.files import image

LIMITS = Limits(pixels=1_000, pages=10, characters=100)
TEXT = Inspected("text", "text/plain", b"x", text="x")


def inspect(data: bytes) -> Inspected:
    return asyncio.run(sandbox.inspect(1, io.BytesIO(data), LIMITS))


def test_what_the_process_finds_comes_back_and_so_do_its_words() -> None:
    assert inspect(b"Hello").text == "Hello"
    with pytest.raises(TooLong) as caught:
        inspect(image(size=(40, 30)))
    assert caught.value.message == "This image has 1,200 pixels; 1,000 are allowed. Make it smaller and attach that."


@pytest.mark.parametrize(
    "program",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import sys; sys.exit(1)",
        "raise MemoryError",
        "pass",
        "print('{}')",
        "print('nonsense')",
        "print('[]')",
        'print(\'{"fault": "Of no kind that we know", "sentence": "", "values": {}}\')',
        "import time; time.sleep(60)",
    ],
)
def test_whatever_happens_to_the_process_the_file_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(sandbox, "COMMAND", [sys.executable, "-c", program])
    monkeypatch.setattr(sandbox, "SECONDS", 2.0)
    with pytest.raises(Unsupported) as caught:
        inspect(b"x" * 1_000_000)
    assert caught.value.sentence == sandbox.TOO_HARD


def test_no_more_comes_back_than_a_record_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much it says, and whether it says its length or not."""
    program = "import sys; sys.stdout.buffer.write((1 << 30).to_bytes(4)); sys.stdout.write('x' * (1 << 30))"
    for words in (program, "while True: print('\\0\\0\\0\\1x', end='')"):
        monkeypatch.setattr(sandbox, "COMMAND", [sys.executable, "-c", words])
        tracemalloc.start()
        try:
            with pytest.raises(Unsupported):
                inspect(b"x" * 1_000_000)
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()


def test_what_is_inspected_is_not_in_the_memory_of_the_site() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"\0" * 50_000_000)
        tracemalloc.start()
        try:
            with pytest.raises(Unsupported):
                asyncio.run(sandbox.inspect(1, file, LIMITS))
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()
        assert file.seek(0) == 0  # it is still open


def test_a_process_that_cannot_be_started_is_the_sites_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "COMMAND", ["/no/such/program"])
    with pytest.raises(Unavailable):
        inspect(b"x")


def in_the_process(program: str) -> str:
    """What a program prints that runs as the process does."""
    command = [*sandbox.COMMAND[:-2], "-c", program]
    done = subprocess.run(command, env=environment(), cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


def test_it_bounds_its_memory_its_time_and_what_it_writes() -> None:
    program = (
        "import json, resource; from chat.attachments.inspection.__main__ import BOUNDS, bound_itself; bound_itself();"
        "print(json.dumps([[name, *resource.getrlimit(name)] for name in BOUNDS]))"
    )
    assert json.loads(in_the_process(program)) == [[name, bound, bound] for name, bound in BOUNDS.items()]
    assert (MEMORY, CPU_SECONDS) == (2**30, 10)


def test_it_cannot_take_more_memory() -> None:
    program = (
        "from chat.attachments.inspection.__main__ import bound_itself; bound_itself()\n"
        "try: bytearray(2**30)\nexcept MemoryError: print('bounded')"
    )
    assert in_the_process(program) == "bounded\n"


def test_it_knows_no_secrets_and_nothing_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "Secret")
    known = json.loads(in_the_process("import json, os; print(json.dumps(dict(os.environ)))"))
    assert set(known) <= {"PYTHONPATH", "LD_LIBRARY_PATH", "LC_CTYPE"}
    loaded = in_the_process(
        "import sys, chat.attachments.inspection.__main__; print('django' in sys.modules, 'PIL' in sys.modules)"
    )
    assert loaded == "False False\n"


class Held:
    """Stands for an inspection that takes until it is let go. How many are under way, and whose."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun: list[int] = []

    def __call__(self, file: IO[bytes], limits: Limits) -> Inspected:
        self.begun.append(int(file.read()))
        assert self.go.wait(30)
        return TEXT


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    held = Held()
    monkeypatch.setattr(sandbox, "_inspect", held)
    return held


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


def test_who_sends_many_files_keeps_nobody_else_waiting(held: Held) -> None:
    async def two_users() -> None:
        first = [asyncio.create_task(sandbox.inspect(1, io.BytesIO(b"1"), LIMITS)) for _ in range(5)]
        await until(lambda: held.begun == [1])
        second = asyncio.create_task(sandbox.inspect(2, io.BytesIO(b"2"), LIMITS))
        await until(lambda: held.begun == [1, 2])
        held.go.set()
        assert await asyncio.gather(*first, second) == [TEXT] * 6

    asyncio.run(two_users())
    assert not sandbox.uploads.waiting


def test_so_many_files_of_one_user_may_wait(held: Held) -> None:
    async def many() -> None:
        tasks = [asyncio.create_task(sandbox.inspect(1, io.BytesIO(b"1"), LIMITS)) for _ in range(sandbox.WAITING)]
        await until(lambda: held.begun == [1])
        with pytest.raises(TooMany):
            await sandbox.inspect(1, io.BytesIO(b"1"), LIMITS)
        held.go.set()
        await asyncio.gather(*tasks)

    asyncio.run(many())


def test_who_gives_up_waiting_leaves_nothing_behind(held: Held) -> None:
    async def one_of_two() -> None:
        first, second = (asyncio.create_task(sandbox.inspect(1, io.BytesIO(b"1"), LIMITS)) for _ in range(2))
        await until(lambda: held.begun == [1])
        second.cancel()
        await asyncio.wait([second])
        held.go.set()
        await first

    asyncio.run(one_of_two())
    assert not sandbox.uploads.waiting
    assert held.begun == [1]
