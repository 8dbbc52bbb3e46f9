"""The benchmark's tools (benchmarks/): what they must notice, they notice."""

import json
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"
REQUEST = b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n{"content":"bench:500:20"}'
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler (cc)")


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tools")
    for name in ("upstream", "load"):
        source = BENCHMARKS / f"{name}.c"
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", folder / name, source], check=True)
    return folder


def load(tools: Path, port: int, *options: str, tokens: int, streams: int = 1) -> dict[str, object]:
    requests = tools / "requests"
    requests.write_bytes((b"%d %d\n" % (len(REQUEST), tokens) + REQUEST) * streams)
    command = [str(tools / "load"), "-t", "10", *options, str(port), str(requests)]
    found: dict[str, object] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


@contextmanager
def answering(*pieces: bytes) -> Iterator[int]:
    """A server that sends these pieces to everybody and closes; its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            for piece in pieces:
                self.request.sendall(piece)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def chunks(*texts: bytes) -> bytes:
    return HEAD + b"".join(b"%x\r\n%s\r\n" % (len(text), text) for text in texts) + b"0\r\n\r\n"


def test_the_load_client_finds_all_that_the_upstream_sends(tools: Path) -> None:
    with subprocess.Popen([tools / "upstream"], stdout=subprocess.PIPE) as upstream:
        assert upstream.stdout
        found = load(tools, int(upstream.stdout.readline()), "-e", "[DONE]", tokens=20, streams=30)
        upstream.kill()
    assert (found["finished"], found["failed"], found["tokens"]) == (30, 0, 600)
    assert (found["lost"], found["doubled"]) == (0, 0)


@pytest.mark.parametrize(
    ("texts", "lost", "doubled"),
    [
        ([b"~0.1;", b"~1.2;", b"~2.3;"], 0, 0),
        ([b"data: ~0.1;~1.2;~2.3;\n\n"], 0, 0),
        ([b"~0.1;~", b"1.", b"2;~2", b".3;"], 0, 0),
        ([b"~0.1;", b"~2.3;"], 1, 0),
        ([b"~0.1;", b"~1.2;"], 1, 0),
        ([b"~0.1;", b"~1.2;", b"~1.2;", b"~2.3;"], 0, 1),
        ([b"~0.1;", b"~2.3;", b"~1.2;"], 1, 1),
    ],
)
def test_the_load_client_counts_what_is_lost_and_what_comes_twice(
    tools: Path, texts: list[bytes], lost: int, doubled: int
) -> None:
    with answering(chunks(*texts)) as port:
        found = load(tools, port, tokens=3)
    assert (found["finished"], found["lost"], found["doubled"]) == (1, lost, doubled)


def test_the_load_client_reads_an_answer_cut_anywhere(tools: Path) -> None:
    answer = chunks(b"~0.1;~1.2;", b"~2.3; the end")
    for at in range(1, len(answer)):
        with answering(answer[:at], answer[at:]) as port:
            found = load(tools, port, "-e", "the end", tokens=3)
        assert (found["finished"], found["lost"], found["doubled"]) == (1, 0, 0), f"cut at {at}"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        chunks(b"~0.1;~1.2;~2.3;", b"another end"),
        chunks(b"~0.1;~1.2;~2.3; the end")[:-5],
    ],
    ids=["status", "ending", "cut off"],
)
def test_the_load_client_tells_an_answer_that_failed(tools: Path, answer: bytes) -> None:
    with answering(answer) as port:
        found = load(tools, port, "-e", "the end", tokens=3)
    assert (found["finished"], found["failed"]) == (0, 1)
