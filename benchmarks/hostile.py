"""What do others wait for while somebody sends what is hostile, and how much does the site grow by it?

Starts a site as in production but for HTTPS (SQLite, a model that answers at once), sends one load after the other as
one user, and meanwhile asks for a page and a question as another. Prints for each load what it was answered, the
longest wait of the other's page and question, and by how much the process grew. `make bench ONLY=hostile`, or

    python benchmarks/hostile.py [--only words …] [--messages 30000]

What is to hold: less than 2 s and 300 MB. Else a line has an exclamation mark, and the exit says so. Linux only.
"""

import argparse
import contextlib
import http.client
import io
import json
import os
import re
import sys
import tempfile
import threading
import time
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from struct import pack
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.support.settings")

import django  # noqa: E402

MOST_SECONDS = 2.0
MOST_GROWTH = 300_000_000
LOOK_SECONDS = 0.05
PATIENCE = 120
NOON = "2026-01-01T12:00:00+00:00"


@dataclass
class Load:
    """What somebody sends, and what it is answered: in words, for the table."""

    name: str
    send: Callable[[Any], str]
    prepare: Callable[[Any], None] = lambda client: None
    """What must be there before."""


@dataclass
class Waited:
    """In seconds, of somebody else."""

    pages: list[float] = field(default_factory=list)
    questions: list[float] = field(default_factory=list)
    failed: int = 0
    memory: int = 0
    """The most that the process held, in bytes."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], help="loads whose names hold one of these words")
    parser.add_argument("--messages", type=int, default=30_000, help="of a long conversation")
    options = parser.parse_args()
    django.setup()
    with running_site() as (site, client):
        loads = [each for each in loads_of(options.messages) if _is_wanted(each.name, options.only)]
        print(f"{'load':<34}{'answer':<26}{'page':>8}{'question':>10}{'grew':>9}")
        within = [measured(load, site, client(), client()) for load in loads]
    return 0 if all(within) else 1


def _is_wanted(name: str, only: list[str]) -> bool:
    return not only or any(word in name for word in only)


@contextlib.contextmanager
def running_site() -> Iterator[tuple[Any, Callable[[], Any]]]:
    """A site with a database of its own, and what makes a client of a new user."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    from tests.support.client import Client
    from tests.support.site import Site, environment
    from tests.support.upstream import ScriptedUpstream

    with tempfile.TemporaryDirectory() as folder, ScriptedUpstream() as upstream:
        connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = f"{folder}/db.sqlite3"
        call_command("migrate", verbosity=0)
        variables = environment(OPENAI_BASE_URL=upstream.base_url, CHAT_MESSAGES_PER_MINUTE="0")
        site = Site(Path(folder) / "log", variables)
        site.start()
        try:
            yield site, lambda: Client(site.url, User.objects.create(username=uuid.uuid4().hex, password="!"))
        finally:
            site.close()
            connection.close()


def measured(load: Load, site: Any, sender: Any, other: Any) -> bool:
    """Print a line of the table. Returns whether it is within the bounds."""
    load.prepare(sender)
    before, waited, is_over = resident(site.pid), Waited(), threading.Event()
    threads = [
        threading.Thread(target=_look, args=[other, waited, is_over]),
        threading.Thread(target=_ask, args=[other, waited, is_over]),
        threading.Thread(target=_watch, args=[site.pid, waited, is_over]),
    ]
    for thread in threads:
        thread.start()
    try:
        answer = load.send(sender)
    except (OSError, http.client.HTTPException) as exc:
        answer = type(exc).__name__
    is_over.set()
    for thread in threads:
        thread.join()
    page, question = max(waited.pages, default=0.0), max(waited.questions, default=0.0)
    grew = waited.memory - before
    is_within = page < MOST_SECONDS and question < MOST_SECONDS and grew < MOST_GROWTH and not waited.failed
    sign = "" if is_within else " !"
    print(f"{load.name:<34}{answer:<26}{page:>6.2f} s{question:>8.2f} s{grew / 1e6:>6.0f} MB{sign}", flush=True)
    return is_within


def _look(client: Any, waited: Waited, is_over: threading.Event) -> None:
    _again(lambda: client.get("/", Accept="text/html").status == 200, waited, waited.pages, is_over)


def _ask(client: Any, waited: Waited, is_over: threading.Event) -> None:
    _again(lambda: client.ask_whole(f"What is {uuid.uuid4().hex}?").end is not None, waited, waited.questions, is_over)


def _again(ask: Callable[[], bool], waited: Waited, seconds: list[float], is_over: threading.Event) -> None:
    """Once at least, and then until the load has been answered."""
    while True:
        began = time.monotonic()
        try:
            waited.failed += not ask()
        except (OSError, AssertionError, http.client.HTTPException):
            waited.failed += 1
        seconds.append(time.monotonic() - began)
        if is_over.wait(LOOK_SECONDS):
            return


def _watch(pid: int, waited: Waited, is_over: threading.Event) -> None:
    while not is_over.wait(LOOK_SECONDS):
        waited.memory = max(waited.memory, resident(pid))
    waited.memory = max(waited.memory, resident(pid))


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# The loads


def loads_of(messages: int) -> list[Load]:
    long = long_conversation(messages)
    return [
        Load("zip of a million faults", importing(zipped({"conversations.json": faults(1_000_000)}))),
        Load(
            "zip of a million conversations",
            importing(zipped({"conversations.json": b"[" + b"[]," * 999_999 + b"0]"})),
        ),
        Load("zip of nested lists", importing(zipped({"conversations.json": b"[" * 5_000_000}))),
        Load(
            "zip with long names", importing(zipped({"conversations/" * 4_000 + f"{n}.txt": b"" for n in range(20)}))
        ),
        Load("zip with wrong bytes", importing(with_wrong_bytes())),
        Load("ten imports at once", several(importing(json.dumps(long).encode()), 10)),
        Load(f"import of {messages} messages", importing(json.dumps(long).encode())),
        looking(f"page of {messages} messages", messages, "/c/{c}/"),
        looking(f"first page of {messages} messages", messages, "/c/{c}/?from={first}"),
        looking(f"ancestors among {messages}", messages, "/messages/{last}/ancestors/"),
        looking(f"export of {messages} messages", messages, "/c/{c}/export/?as=json"),
        looking(f"Markdown of {messages} messages", messages, "/c/{c}/export/?as=markdown"),
        looking(f"zip of {messages} messages", messages, "/export/"),
        looking(f"transcript of {messages} messages", messages, "/admin/chat/conversation/{c}/change/", by_staff=True),
        sharing(f"link to {messages} messages", messages),
        sharing(f"six links to {messages} messages", messages, 6),
        opening(f"pages of a link to {messages}", messages),
        Load("uploads of images that are bombs", several(uploading(claiming(60_000, 60_000)), 10)),
        Load("uploads of large images", several(uploading(blank(7_000, 7_000)), 10)),
        Load("uploads of long texts", several(uploading(b"word " * 3_900_000), 10)),
    ]


def importing(content: bytes) -> Callable[[Any], str]:
    """Looked into, and imported if that can be."""

    def send(client: Any) -> str:
        found = _post(client, content)
        digest = re.search(r'name="confirm" value="([0-9a-f]+)"', found.text)
        if not digest:
            return f"{found.status}"
        return _awaited(client, _post(client, content, digest[1]))

    return send


def _post(client: Any, content: bytes, confirm: str = "") -> Any:
    head = f'--b\r\nContent-Disposition: form-data; name="confirm"\r\n\r\n{confirm}\r\n'
    head += '--b\r\nContent-Disposition: form-data; name="file"; filename="mine.json"\r\n\r\n'
    body = head.encode() + content + b"\r\n--b--\r\n"
    return client.request("POST", "/imports/", body, "multipart/form-data; boundary=b", {"Accept": "text/html"})


def _awaited(client: Any, answer: Any) -> str:
    """How an import has ended that was begun."""
    _, is_begun, pk = answer.headers.get("Location", "").partition("import=")
    deadline = time.monotonic() + PATIENCE
    while is_begun and time.monotonic() < deadline:
        found = client.get(f"/imports/{pk}/").json
        if found["status"] != "running":
            return f"{answer.status}, then {found['status']}"
        time.sleep(0.2)
    return f"{answer.status}" + (", and goes on" if is_begun else "")


def looking(name: str, count: int, path: str, *, by_staff: bool = False) -> Load:
    """At an address of a conversation of so many messages."""
    address = ""

    def prepare(client: Any) -> None:
        nonlocal address
        address = path.format(**_stored(client.user.pk, count))
        if by_staff:
            _make_staff(client)

    def send(client: Any) -> str:
        return _said_of(client.get(address, Accept="text/html"))

    return Load(name, send, prepare)


def sharing(name: str, count: int, links: int = 1) -> Load:
    """So many links at once."""
    address = ""

    def prepare(client: Any) -> None:
        nonlocal address
        address = "/c/{c}/shares/".format(**_stored(client.user.pk, count))

    def send(client: Any) -> str:
        return str(client.post(address, {"days": 7}).status)

    return Load(name, several(send, links) if links > 1 else send, prepare)


def opening(name: str, count: int) -> Load:
    """Forty of the pages of a link, four at a time."""
    address = ""

    def prepare(client: Any) -> None:
        nonlocal address
        ids = _stored(client.user.pk, count)
        address = f"/s/{client.post('/c/{c}/shares/'.format(**ids), {'days': 7}).json['token']}/"

    def send(client: Any) -> str:
        answers = [client.get(f"{address}?page={number % (count // 300) + 1}") for number in range(10)]
        return _said_of(max(answers, key=lambda answer: len(answer.body)))

    return Load(name, several(send, 4), prepare)


def _stored(owner_id: Any, count: int) -> dict[str, Any]:
    """Ids of a conversation of so many messages, its own, that of the first and that of the last.

    There is one, of whoever comes next: to store it takes longer than what is measured.
    """
    from chat.models import Conversation, Generation

    ids = _long_one(count)
    Conversation.objects.filter(pk=ids["c"]).update(owner=owner_id)
    Generation.objects.filter(message__conversation=ids["c"]).update(owner=owner_id)
    return ids


@cache
def _long_one(count: int) -> dict[str, Any]:
    from django.contrib.auth.models import User

    from tests.support.conversations import stored_conversation

    texts = [f"Number {number}. " + "word " * 40 for number in range(count)]
    owner = User.objects.create(username=f"owner of {count}")
    conversation, messages = stored_conversation(owner.pk, texts)
    return {"c": conversation.pk, "first": messages[0].pk, "last": messages[-1].pk}


def _make_staff(client: Any) -> None:
    client.user.is_staff = client.user.is_superuser = True
    client.user.save(update_fields=["is_staff", "is_superuser"])


def _said_of(answer: Any) -> str:
    return f"{answer.status}, {len(answer.body) / 1e6:.1f} MB"


def uploading(content: bytes) -> Callable[[Any], str]:
    return lambda client: str(client.upload(content, "file").status)


def several(send: Callable[[Any], str], count: int) -> Callable[[Any], str]:
    def all_at_once(client: Any) -> str:
        answers = list[str]()
        threads = [threading.Thread(target=lambda: answers.append(send(client))) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return ", ".join(f"{answers.count(each)} × {each}" for each in sorted(set(answers)))

    return all_at_once


def long_conversation(count: int) -> dict[str, Any]:
    ids, messages = [str(uuid.uuid4()) for _ in range(count)], []
    for number, pk in enumerate(ids):
        part = {"kind": "text", "text": f"Number {number}. " + "word " * 40}
        role = ("user", "assistant")[number % 2]
        parent = ids[number - 1] if number else None
        messages.append({"id": pk, "parent": parent, "role": role, "created_at": NOON, "parts": [part]})
    known = {"format": "chatsite-conversation", "id": str(uuid.uuid4()), "title": "Long"}
    return known | {"created_at": NOON, "updated_at": NOON, "current": ids[-1], "messages": messages}


def faults(count: int) -> bytes:
    return b'{"format": "chatsite-conversation", "messages": [' + b"[]," * (count - 1) + b"[]]}"


def zipped(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def with_wrong_bytes() -> bytes:
    content = bytearray(zipped({"conversations.json": json.dumps(["x" * 999]).encode()}))
    content[60] ^= 0xFF
    return bytes(content)


def blank(width: int, height: int) -> bytes:
    """A grey PNG (https://www.w3.org/TR/png-3/)."""
    return _png(width, height, zlib.compress((b"\0" * (width + 1)) * height))


def claiming(width: int, height: int) -> bytes:
    """One that says it is larger than it is."""
    return _png(width, height, zlib.compress(b"\0" * 100))


def _png(width: int, height: int, data: bytes) -> bytes:
    head = pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(body)) + kind + body + pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


if __name__ == "__main__":
    sys.exit(main())
