"""The benchmark's tools (benchmarks/): what they must notice, they notice."""

import json
import shutil
import socketserver
import subprocess
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from benchmarks import plan

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"
REQUEST = b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n{"content":"bench:500:20"}'
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler (cc)")


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tools")
    for name in ("upstream", "load", "workday"):
        source = BENCHMARKS / f"{name}.c"
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", folder / name, source], check=True)
    return folder


def load(tools: Path, port: int | str, *options: str, tokens: int, streams: int = 1) -> dict[str, object]:
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


def test_the_load_client_takes_the_ports_in_turn(tools: Path) -> None:
    with answering(chunks(b"~0.1;~1.2;")) as whole, answering(chunks(b"~0.1;")) as short:
        found = load(tools, f"{whole},{short}", tokens=2, streams=6)
    assert (found["finished"], found["tokens"], found["lost"]) == (6, 9, 3)


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


class Chat(BaseHTTPRequestHandler):
    """What workday.c takes for the site; each list is another one than before, but for every third request."""

    protocol_version = "HTTP/1.1"
    has_hints = False
    last_token = 2
    asked: list[str]
    served: Counter[int]
    """Requests by port."""
    hints: bytes

    def do_GET(self) -> None:
        self.asked.append(self.path.split("?")[0])
        self.served[cast(HTTPServer, self.server).server_port] += 1
        if self.path.startswith("/hints/") and self.has_hints:
            return self.say(200, self.hints, is_whole=False)
        if self.path.startswith("/hints/"):
            return self.say(404, b"none")
        if self.path == "/conversations/" and self.headers["If-None-Match"] and len(self.asked) % 3 == 0:
            return self.say(304)
        return self.say(200, b"<p>")

    def do_POST(self) -> None:
        self.served[cast(HTTPServer, self.server).server_port] += 1
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(asked["parent"])
        answer = f"9{asked['parent'][1:]}"
        tokens = b"".join(b"~%d.1;" % number for number in range(self.last_token + 1))
        self.say(200, b'{"message": "%s"}' % answer.encode() + tokens + b'{"status":"complete"}')

    def say(self, status: int, body: bytes = b"", *, is_whole: bool = True) -> None:
        self.send_response(status)
        self.send_header("ETag", 'W/"a list"')
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if body:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body) + b"0\r\n\r\n" * is_whole)
        if not is_whole:
            self.rfile.read(1)  # until the page is closed

    def log_message(self, *words: object) -> None:
        pass


class Hinting(Chat):
    has_hints = True
    last_token = 1


def live(tools: Path, chat: type[Chat]) -> dict[str, Any]:
    """Two seconds of two people, who do each thing a few times."""
    chat.asked, chat.served = [], Counter()
    ids = [f"{number}{str(uuid.uuid4())[1:]}" for number in range(8)]
    chat.hints = b'id: 1\nevent: version\ndata: {}\n\nevent: list\ndata: {"conversation": "%s"}\n\n' % ids[0].encode()
    people = tools / "people"
    people.write_text(f"one {' '.join(ids[:4])}\nother {' '.join(ids[4:])}\n")
    with ExitStack() as stack:
        servers = [stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), chat)) for _ in range(2)]
        for server in servers:
            server.daemon_threads = False  # they end with their client, and closing waits for them
            threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        ports = ",".join(str(server.server_address[1]) for server in servers)
        often = ["-r", "0.1", "-m", "2", "-o", "0.3", "-a", "0.2", "-s", "0.3", "-l", "0.1", "-w", "0.1", "-k", "3"]
        command = [str(tools / "workday"), *often, ports, str(people)]
        found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        for server in servers:
            server.shutdown()
    return found


def test_a_plan_adds_up() -> None:
    costs = plan.Costs(
        second=1300,
        question=6500,
        database_second=100,
        database_question=2000,
        rows_second=1.25,
        rows_question=10,
        log_second=500,
        log_question=9000,
        transactions_question=3,
        published=5,
        delivered=1,
        heard=50,
        heard_hint=10,
    )
    one, many = plan.plan(300, costs), plan.plan(100_000, costs)
    assert one.processes == 2
    assert one.messages == pytest.approx(40 + 40 * 0.777, rel=0.01), "news each tick to each other, and hints in most"
    assert one.hearing == pytest.approx((31 * 50 + 60 * 10) / 1e6, rel=0.01)
    assert one.database == pytest.approx(0.09)
    assert (one.rows, one.transactions) == (675, 92)
    assert (many.questions, many.pages, many.connections) == (10_000, 6_000_000, many.processes * 20)
    assert many.processes == 411, "a hundred times as many pages and answers"
    assert many.deliveries > many.processes * 6_000, (
        "who has begun or ended an answer says so to all, twenty times a second"
    )


def test_people_open_ask_search_and_look_at_the_list(tools: Path) -> None:
    found = live(tools, Chat)
    assert (found["people"], found["hints"], found["failed"], found["lost"]) == (2, False, 0, 0)
    assert all(found["requests"][kind] for kind in ("pages", "questions", "searches", "lists", "unmodified"))
    assert all(found[name] for name in ("page", "first", "added", "list", "poll", "search"))
    assert {path.split("/")[1] for path in Chat.asked if "/" in path} == {"c", "hints", "conversations", "search"}
    assert any(asked.startswith("9") for asked in Chat.asked), "none has asked below an answer"
    one, other = Chat.served.values()
    assert 0.8 < one / other < 1.25, "each takes every second request"


def test_people_follow_hints_and_tell_what_is_lost(tools: Path) -> None:
    found = live(tools, Hinting)
    assert (found["hints"], found["failed"]) == (True, 0)
    assert found["requests"]["hints"]
    assert any(path.startswith("/conversations/") and path[15:] for path in Hinting.asked), "none asked for an entry"
    assert found["lost"] >= found["requests"]["questions"] > 0
