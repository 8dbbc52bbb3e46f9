"""What a page costs the server, in CPU, beside a page of a plain Django site in the same run.

    python benchmarks/pages.py [--quick] [--rounds 5] [--requests 30] [--only words …] [--json FILE] [--write]

Also `make bench ONLY=pages`. Site and plain site (benchmarks/plain/) have one core, this process another. In each
round every page is asked for so many times, one after the other, and the plain site's before and after it; what counts
is the CPU time of the server's process, by thread, over the requests. Figures are medians of the rounds, and so are
ratios. CPU time says the same on a busy machine, but for what cold caches cost.

--write puts the tables into docs/performance.md. Linux only; needs a C compiler for the upstream.
"""

import argparse
import asyncio
import gzip
import http.client
import itertools
import json
import logging
import os
import re
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import table
from collected import CollectedSite
from local_site import CSRF, ROOT
from people import Person, make_people
from servers import Server
from tools import build, cpu_seconds, running_upstream

SETTLE_SECONDS = 0.1
"""After the last request of a page: an answer may still be stored."""
PLAIN_REQUESTS = 12
"""Of the plain site, before and after each page."""
COUNTS = 3
"""Of queries; the least, since what the site does now and then is not the page's."""
SHOWN = 30
"""Conversations at the side."""
MESSAGES = 10
"""Of a conversation, where nothing else is said."""
SHORT = 2
GROWN_CONVERSATIONS = (30, 300, 3_000)
GROWN_MESSAGES = (10, 100, 1_000)
PLAIN = "plain site"
HEADERS = {"Accept": "text/html", "Accept-Encoding": "gzip, deflate", "Accept-Language": "en"}


@dataclass(frozen=True)
class Ask:
    """One request. `answer` is told what came."""

    path: str
    session: str
    body: dict[str, object] | None = None
    etag: str = ""
    status: int = 200
    before: Callable[[], object] = lambda: None
    answer: Callable[[bytes, Any], object] = lambda body, response: None

    @property
    def headers(self) -> dict[str, str]:
        known = HEADERS | {"Cookie": f"sessionid={self.session}; csrftoken={CSRF}"}
        if self.body is not None:
            known |= {"Accept": "text/event-stream", "Content-Type": "application/json", "X-CSRFToken": CSRF}
        return known | ({"If-None-Match": self.etag} if self.etag else {})


@dataclass
class Row:
    """A line of a table: what is asked for, again and again, and what it is to cost at most, in plain pages."""

    words: str
    asks: Iterator[Ask]
    goal: float | None = None
    grows: str = ""
    """The table and the row of it that this is a column of."""
    during: Callable[[], AbstractContextManager[None]] = nullcontext
    """What holds while it is measured, and for no other row."""


@dataclass
class Cost:
    """Of one request, the mean of many: milliseconds of CPU."""

    all: float
    loop: float
    """Of it, the thread that the event loop has."""
    bytes: int
    """Of the page, before compression."""
    sent: int


@dataclass
class Measured:
    row: Row
    costs: list[Cost] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    queries: int | None = None

    def median(self, name: str) -> float:
        return statistics.median(getattr(cost, name) for cost in self.costs)

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


def main() -> None:
    options = read_options()
    tools_core, server_core = options.cores
    os.sched_setaffinity(0, {tools_core})
    busy = table.load()
    build()
    with running_upstream() as upstream:
        site = CollectedSite(upstream, server_core, lambda: Cast(options))
        plain = PlainSite(upstream, server_core)
        plain.prepare()
        site.prepare()
        rows = [row for row in rows_of(site.filled, options) if is_wanted(row, options.only)]
        with site.running(), plain.running():
            measured = measure(site, plain, rows, options)
        logging.disable()
        asyncio.run(count_queries(measured[1:]))
        measured[0].queries = plain.queries
    if options.json:
        options.json.write_text(json.dumps(as_figures(measured), indent=1) + "\n")
    print("\n\n".join("\n".join(lines) for lines in tables(measured)))
    if options.write:
        write(measured, options, busy)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two rounds of ten requests")
    parser.add_argument("--rounds", type=int, help="default: 5")
    parser.add_argument("--requests", type=int, help="for each page in a round (default: 30)")
    parser.add_argument("--only", nargs="+", default=[], help="pages whose names hold one of these words")
    parser.add_argument("--cores", type=int, nargs=2, default=(0, 1), metavar=("TOOLS", "SERVER"))
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--json", type=Path, help="put all figures into this file")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.requests = options.requests or (10 if options.quick else 30)
    return options


def is_wanted(row: Row, only: list[str]) -> bool:
    return not only or any(word in row.words for word in only)


# Who asks, and for what


class Cast:
    """The people in the database. Made in the process that Django is set up in."""

    def __init__(self, options: argparse.Namespace) -> None:
        listed = [SHORT] * (SHOWN - 1)
        self.reader = make_people(1, [MESSAGES] * SHOWN)[0]
        # One for each question, with some to warm up and to count queries.
        asked = (options.rounds + 1) * options.requests
        self.askers = make_people(asked // SHOWN + 1, [MESSAGES] * SHOWN)
        self.limited = make_people(asked // SHOWN + 1, [MESSAGES] * SHOWN)
        self.strangers = make_people(asked // SHOWN + 1, [MESSAGES] * SHOWN)
        self.with_list = {
            number: make_people(1, [SHORT] * (number - 1) + [MESSAGES])[0] for number in GROWN_CONVERSATIONS
        }
        self.with_branch = {number: make_people(1, [*listed, number])[0] for number in GROWN_MESSAGES}
        questions = options.rounds + 2
        self.with_long = {number: make_people(1, [*listed, *[number] * questions])[0] for number in GROWN_MESSAGES}


def rows_of(cast: Cast, options: argparse.Namespace) -> Iterator[Row]:
    reader = cast.reader
    page = f"/c/{reader.conversations[0][0]}/"
    search = "/search/?q=harvest+steps"
    yield Row(f"page of a conversation ({MESSAGES} messages, {SHOWN} conversations)", again(page, reader), 0.7)
    yield Row("the same, of another conversation each time", strange_pages(cast.strangers))
    yield Row("first page", again("/", reader), 0.5)
    yield Row("list's fragment, anew after a change", changed("/conversations/", reader), 0.45)
    yield Row("entry of the list, anew after a change", changed("/conversations/{}/", reader))
    yield Row("list's fragment, not modified", unmodified("/conversations/", cast.with_list[SHOWN]))
    yield Row("question (accepted, run, ended)", questions(cast.askers), 1.1)
    yield Row("the same under three quotas", questions(cast.limited), during=partial(three_quotas, cast.limited))
    yield Row("search", again(search, reader), 0.5)
    yield Row("settings", again("/settings/", reader), 0.4)
    yield Row("file that is not there", again("/static/chat/js/nothing.js", reader, status=404), 0.1)
    for number, person in cast.with_list.items():
        path = f"/c/{person.conversations[0][0]}/"
        yield Row(f"page, {number:,} conversations", again(path, person), grows="conversations of the user")
    for number, person in cast.with_branch.items():
        path = f"/c/{person.conversations[0][0]}/"
        yield Row(f"page, {number:,} messages", again(path, person), grows="messages on the branch")
    for number, person in cast.with_long.items():
        asks = long_questions(person, options)
        yield Row(f"question, {number:,} messages", asks, grows="messages before a question")


def again(path: str, person: Person, status: int = 200) -> Iterator[Ask]:
    return itertools.repeat(Ask(path, person.session, status=status))


def strange_pages(people: list[Person]) -> Iterator[Ask]:
    pages = [Ask(f"/c/{pk}/", each.session) for each in people for pk, _ in each.conversations]
    return itertools.cycle(pages)


def changed(path: str, person: Person) -> Iterator[Ask]:
    """As after each answer: one conversation has gone on."""
    for pk, leaf in itertools.cycle(reversed(person.conversations)):
        yield Ask(path.format(pk), person.session, before=lambda pk=pk, leaf=leaf: touch(pk, leaf))


def touch(pk: str, leaf: str) -> None:
    from chat.models import Conversation, Message

    Conversation.objects.get(pk=pk).touch(Message.objects.get(pk=leaf))


def unmodified(path: str, person: Person) -> Iterator[Ask]:
    tag = ""

    def note(body: bytes, response: Any) -> None:
        nonlocal tag
        tag = response.headers["ETag"]

    yield Ask(path, person.session, answer=note)
    while True:
        yield Ask(path, person.session, etag=tag, status=304)


def questions(people: list[Person]) -> Iterator[Ask]:
    """Each in a conversation of its own."""
    for person in people:
        for pk, leaf in person.conversations:
            yield question(person, pk, leaf)


@contextmanager
def three_quotas(people: list[Person]) -> Iterator[None]:
    """Of each of them. Where nobody has any, nothing of quotas is asked."""
    from chat.models import Quota

    kinds = (("tokens", "day"), ("tokens", "month"), ("messages", "week"))
    Quota.objects.bulk_create(
        Quota(user_id=person.user_id, unit=unit, period=period, amount=10**9)
        for person in people
        for unit, period in kinds
    )
    yield
    Quota.objects.all().delete()


def long_questions(person: Person, options: argparse.Namespace) -> Iterator[Ask]:
    """A few in each conversation, below each other."""
    few = max(1, options.requests // 3)
    for pk, leaf in person.conversations:
        last = leaf

        def note(body: bytes, response: Any) -> None:
            nonlocal last
            last = answer_in(body)

        for _ in range(few):
            yield question(person, pk, last, note)


def question(person: Person, pk: str, leaf: str, note: Callable[[bytes, Any], object] = lambda *_: None) -> Ask:
    body: dict[str, object] = {"id": str(uuid.uuid4()), "text": "And then? bench:0:1", "parent": leaf, "leaf": leaf}
    return Ask(f"/c/{pk}/messages/", person.session, body, answer=note)


def answer_in(stream: bytes) -> str:
    found = re.search(rb'"message": ?"([0-9a-f-]{36})"', stream)
    assert found, stream[:300]
    return found[1].decode()


# Measuring


class PlainSite(Server):
    """What startproject makes (benchmarks/plain/)."""

    name = PLAIN

    def prepare(self) -> None:
        words = [sys.executable, "benchmarks/plain/prepare.py"]
        env = os.environ | self.environment()
        done = subprocess.run(words, cwd=ROOT, env=env, check=True, capture_output=True, text=True)
        known = json.loads(done.stdout)
        self.session, self.queries = known["session"], known["queries"]

    def command(self) -> list[str]:
        listens = ["-v0", "-b", "127.0.0.1", "-p", str(self.port)]
        return [sys.executable, "-m", "daphne", *listens, "benchmarks.plain.asgi:application"]

    def environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "benchmarks.plain.settings",
            "PLAIN_DATABASE": f"{self.folder}/db.sqlite3",
        }


def measure(site: Server, plain: PlainSite, rows: list[Row], options: argparse.Namespace) -> list[Measured]:
    """The plain site's page first, which each other stands between in each round: a machine is not always as fast."""
    yardstick = Measured(Row(PLAIN, itertools.repeat(Ask("/", plain.session))), ratios=[1.0])
    found = [Measured(row) for row in rows]
    for server, each in [(plain, yardstick), *((site, each) for each in found)]:
        cost_of(server, each.row, 2)  # what is compiled and kept from the first on
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        yardstick.costs.append(cost_of(plain, yardstick.row, PLAIN_REQUESTS))
        for each in found:
            each.costs.append(cost_of(site, each.row, requests_of(each.row, options)))
            before = yardstick.costs[-1].all
            yardstick.costs.append(cost_of(plain, yardstick.row, PLAIN_REQUESTS))
            each.ratios.append(each.costs[-1].all * 2 / (before + yardstick.costs[-1].all))
    return [yardstick, *found]


def requests_of(row: Row, options: argparse.Namespace) -> int:
    return max(1, options.requests // 3) if row.grows else options.requests


def cost_of(server: Server, row: Row, count: int) -> Cost:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    before = cpu_by_thread(server.pids)
    with row.during():
        for ask in itertools.islice(row.asks, count):
            ask.before()
            size, sent = send(connection, ask)
        time.sleep(SETTLE_SECONDS)
        after = cpu_by_thread(server.pids)
    connection.close()
    loop = after[0] - before[0], after[1] - before[1]
    return Cost(loop[0] * 1e3 / count, loop[1] * 1e3 / count, size, sent)


def cpu_by_thread(pids: list[int]) -> tuple[float, float]:
    """Seconds so far: of all threads, and of the first, which has the event loop."""
    first = int(Path(f"/proc/{pids[0]}/task/{pids[0]}/schedstat").read_text().split()[0]) / 1e9
    return cpu_seconds(pids), first


def send(connection: http.client.HTTPConnection, ask: Ask) -> tuple[int, int]:
    """Bytes of the answer, before compression and as it came."""
    body = None if ask.body is None else json.dumps(ask.body)
    connection.request("GET" if body is None else "POST", ask.path, body, ask.headers)
    response = connection.getresponse()
    came = response.read()
    assert response.status == ask.status, (ask.path, response.status, came[:500])
    is_packed = response.headers.get("Content-Encoding") == "gzip"
    whole = gzip.decompress(came) if is_packed else came
    ask.answer(whole, response)
    return len(whole), len(came)


async def count_queries(measured: list[Measured]) -> None:
    """On one event loop: what runs in the background is bound to it."""
    for each in measured:
        during = each.row.during()
        await asyncio.to_thread(during.__enter__)
        each.queries = min([await counted(next(each.row.asks)) for _ in range(COUNTS)])
        await asyncio.to_thread(during.__exit__, None, None, None)


async def counted(ask: Ask) -> int:
    """The queries of one request, whichever threads ask them; not of the first, which fills what is kept."""
    from django.test import AsyncClient

    from tests.support.queries import counted_queries

    client = AsyncClient()
    client.cookies["sessionid"], client.cookies["csrftoken"] = ask.session, CSRF
    headers = {name: value for name, value in ask.headers.items() if name not in ("Cookie", "Content-Type")}
    whole = b""
    await asyncio.to_thread(ask.before)
    if ask.body is None:
        await client.get(ask.path, headers=headers)
    with counted_queries() as queries:
        if ask.body is None:
            response = await client.get(ask.path, headers=headers)
        else:
            response = await client.post(ask.path, ask.body, content_type="application/json", headers=headers)
            assert response.status_code == 200, response.content
            # Its ending is stored before it is announced.
            whole = b"".join([piece async for piece in response.streaming_content])
        assert response.status_code == ask.status, (ask.path, response.status_code)
    if ask.body is not None:
        await asyncio.to_thread(ask.answer, whole, response)
    return len(queries)


# What is said of it


def as_figures(measured: list[Measured]) -> dict[str, dict[str, Any]]:
    return {
        each.row.words: {
            "ratio": each.ratio,
            "ratios": each.ratios,
            "goal": each.row.goal,
            "queries": each.queries,
            "ms": [cost.all for cost in each.costs],
            "event loop, ms": [cost.loop for cost in each.costs],
            "bytes": each.costs[-1].bytes,
            "sent": each.costs[-1].sent,
        }
        for each in measured
    }


def tables(measured: list[Measured]) -> Iterator[list[str]]:
    """In Markdown: all pages, then how some grow."""
    yield table.markdown(
        ["", "× plain", "goal", "CPU, ms", "of it the event loop", "queries", "bytes", "compressed"],
        [line(each) for each in measured if not each.row.grows],
    )
    grown = [each for each in measured if each.row.grows]
    if grown:
        yield table.markdown(
            ["as it grows", "× plain", "CPU, ms", "of it the event loop", "queries", "bytes", "compressed"],
            [[cell for at, cell in enumerate(line(each)) if at != 2] for each in grown],
        )


def line(each: Measured) -> list[str]:
    size, sent = each.costs[-1].bytes, each.costs[-1].sent
    return [
        each.row.words,
        f"{each.ratio:.2f}",
        "" if each.row.goal is None else f"{each.row.goal:g}{'' if each.ratio <= each.row.goal else ', missed'}",
        f"{each.median('all'):.1f}",
        f"{each.median('loop'):.1f}",
        "-" if each.queries is None else str(each.queries),
        f"{size:,}",
        f"{sent:,}" if sent != size else "",
    ]


def write(measured: list[Measured], options: argparse.Namespace, busy: str) -> None:
    said = f"{table.occasion()} Medians of {options.rounds} rounds of {options.requests} requests.{busy}"
    first, *others = tables(measured)
    table.replace("pages", [said, "", *first, *(text for lines in others for text in ["", *lines])])


if __name__ == "__main__":
    main()
