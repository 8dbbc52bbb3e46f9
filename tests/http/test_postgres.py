"""What a site holds of a PostgreSQL, how long it waits for it, and what it loses by that: nothing."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from chat.conf import AppSettings
from chat.core.pools import connections_needed
from chat.core.tool_parts import CALL, RESULT
from chat.models import Conversation, Generation, Message, ToolCall
from tests.conftest import RunSite
from tests.http.test_erasure import PASSWORD, everything_of, log_in_again
from tests.http.test_imports import bring, long_conversation
from tests.support.client import Client
from tests.support.client import question as body_of
from tests.support.databases import as_default
from tests.support.site import Site
from tests.support.tool_gates import ToolGates
from tests.support.upstream import Gate, ScriptedUpstream, answer, calls, say
from tests.support.waiting import PAUSE, eventually

PROCESSES = 3
NAMES = [f"site-{number}" for number in range(PROCESSES)]


@pytest.fixture(scope="module")
def server(postgres: str, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A PostgreSQL that is these tests' own database, too."""
    settings = connections.settings[postgres]
    with django_db_blocker.unblock(), as_default(settings):
        yield f"postgres://chatsite@127.0.0.1:{settings['PORT']}/postgres"


@pytest.fixture(scope="module")
def run(server: str, run_site: RunSite) -> Iterator[Callable[..., Site]]:
    """Runs a process of the site on it, which is called `name` there."""
    with ExitStack() as closing:

        def run(name: str, **changes: str) -> Site:
            site = run_site(own=True, DATABASE_URL=f"{server}?application_name={name}", **changes)
            closing.callback(site.close)
            return site

        yield run


@pytest.fixture
def user() -> Callable[..., User]:
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6)
    return lambda **rights: User.objects.create(username=f"user-{uuid.uuid4().hex}", password=password, **rights)


# Connections

PATHS = ("/admin/", "/admin/chat/conversation/", "/admin/auth/user/", "/", "/nowhere/")


def test_three_processes_hold_no_more_connections_than_they_may(
    server: str, run: Callable[..., Site], user: Callable[..., User], upstream: ScriptedUpstream, question: str
) -> None:
    """While streams, logins, imports, links, erasures, uploads and pages go on in each of them at once."""
    sites, gates = {name: run(name) for name in NAMES}, [Gate() for _ in NAMES]
    for name, gate in zip(sites, gates, strict=True):
        upstream.script(f"{question} {name}", say("Hello"), gate, answer(", world"))
    with ExitStack() as streams, counting(server) as most, ThreadPoolExecutor(60) as threads:
        whole = [
            stream.rest
            for name, site in sites.items()
            for stream in opened(streams, Client(site.url, user()), f"{question} {name}")
        ]
        busy = [threads.submit(work) for site in sites.values() for work in works(site, user)]
        for each in busy:
            each.result(120)
        for gate in gates:
            gate.open()
        assert {rest().text for rest in whole} == {"Hello, world"}
    needed = connections_needed(AppSettings.CHAT_REQUEST_THREADS)
    assert most.keys() == set(NAMES)
    assert all(5 < count <= needed <= AppSettings.CHAT_DB_CONNECTIONS for count in most.values()), most


def opened(streams: ExitStack, client: Client, question: str) -> list:
    """An answer, and those who follow it."""
    asked = streams.enter_context(client.ask(question)).until_text("Hello")
    followers = [streams.enter_context(client.follow(asked.ids["generation"])) for _ in range(5)]
    return [asked, *(each.until_text("Hello") for each in followers)]


def works(site: Site, user: Callable[..., User]) -> list[Callable[[], None]]:
    staff = Client(site.url, user(is_staff=True, is_superuser=True))
    return [
        *(logs_in(site, user()) for _ in range(2)),
        *(imports(Client(site.url, user())) for _ in range(2)),
        *(shares(Client(site.url, user())) for _ in range(2)),
        erases(Client(site.url, user())),
        *(
            reads(staff, path)
            for path in ("/admin/", "/admin/chat/conversation/", "/admin/auth/user/", "/", "/nowhere/")
        ),
    ]


def logs_in(site: Site, user: User) -> Callable[[], None]:
    def work() -> None:
        form = {"login": user.username, "password": PASSWORD}
        assert Client(site.url).post("/accounts/login/", form=form, Accept="text/html").status == 302

    return work


def imports(client: Client) -> Callable[[], None]:
    def work() -> None:
        where = bring(client, long_conversation("Long", 200)).headers["Location"]
        if begun := where.partition("import=")[2]:  # it takes longer than its request waits
            eventually(lambda: client.get(f"/imports/{begun}/").json["status"] == "done", "It is imported", 100)

    return work


def shares(client: Client) -> Callable[[], None]:
    conversation = everything_of(client.user)

    def work() -> None:
        assert client.post(f"/c/{conversation.pk}/shares/").status == 201

    return work


def erases(client: Client) -> Callable[[], None]:
    everything_of(client.user)

    def work() -> None:
        log_in_again(client)
        assert client.post("/settings/erasure/conversations/", form={}, Accept="text/html").status == 200
        assert not Conversation.with_deleted.owned_by(client.user).exists()
        connections.close_all()

    return work


def reads(client: Client, path: str) -> Callable[[], None]:
    def work() -> None:
        assert client.get(path, Accept="text/html").status in (200, 404)

    return work


@contextmanager
def counting(server: str) -> Iterator[Counter[str]]:
    """The most connections that each process was seen to hold."""
    most, is_over = Counter[str](), threading.Event()

    def look() -> None:
        with psycopg.connect(server, autocommit=True) as watcher:
            while not is_over.wait(PAUSE):
                for name, count in watcher.execute(HELD, [NAMES]):
                    most[name] = max(most[name], count)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield most
    finally:
        is_over.set()
        watching.join()


HELD = "SELECT application_name, count(*) FROM pg_stat_activity WHERE application_name = ANY(%s) GROUP BY 1"


# Time-outs


@contextmanager
def holding(server: str, statement: str) -> Iterator[None]:
    """Somebody else holds a lock."""
    with psycopg.connect(server) as other:
        other.execute(statement)
        yield
        other.rollback()


def test_who_waits_too_long_for_a_lock_is_told_and_loses_nothing(
    server: str, run: Callable[..., Site], user: Callable[..., User], upstream: ScriptedUpstream, question: str
) -> None:
    site = run("impatient", CHAT_LOCK_SECONDS="0.5")
    client, gate = Client(site.url, user()), Gate()
    upstream.script(question, say("Hello"), gate, answer(", world"))
    path, late = f"/c/{uuid.uuid4()}/messages/", body_of(f"{question} Late")
    with client.ask(question) as stream:
        stream.until_text("Hello")
        with holding(server, "LOCK TABLE chat_message, chat_messagepart IN ACCESS EXCLUSIVE MODE"):
            refused = client.post(path, late)
            assert (refused.status, refused.code) == (503, "unavailable")
            assert "database is busy just now. Your text is kept" in refused.json["error"]["message"]
            page = client.get(f"/c/{stream.ids['conversation']}/", Accept="text/html")
            assert (page.status, "database is busy just now" in page.text) == (503, True)
            gate.open()
            stream.until_text(", world")
            told = next((frame for frame in stream.frames if frame.event == "storage"), None)
            assert (told or stream.until("storage")).data["status"] == "waiting"
            eventually(lambda: "answer is kept in memory" in site.log, "it waits to be stored")
            assert "Answers are stored again" not in site.log
        whole = stream.rest()
    assert (whole.text, whole.end and whole.end["status"]) == ("Hello, world", "complete")
    assert Generation.objects.get(pk=whole.start["generation"]).message.text == "Hello, world"
    assert not Message.objects.filter(pk=late["id"]).exists(), "Nothing was stored of it"
    with client.stream("POST", path, late) as again:
        assert again.rest().text == "An answer."
    assert "The database is locked: " in site.log
    assert "Traceback" not in site.log


def test_a_statement_that_takes_too_long_is_cut_where_others_wait(
    server: str, run: Callable[..., Site], user: Callable[..., User]
) -> None:
    """A view that sleeps stands in for a table that has become too large."""
    site = run("hasty", CHAT_STATEMENT_SECONDS="0.5")
    client = Client(site.url, user())
    assert client.get("/prompts/").status == 200
    with slow_table(server, "chat_prompt"):
        began = time.monotonic()
        refused = client.get("/prompts/")
        assert (refused.status, refused.code) == (503, "unavailable")
        assert time.monotonic() - began < 20
    assert client.get("/prompts/").status == 200
    assert "The database took too long: " in site.log
    assert "Traceback" not in site.log


@contextmanager
def slow_table(server: str, table: str) -> Iterator[None]:
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute(f"ALTER TABLE {table} RENAME TO {table}_fast")
        owner.execute(f"CREATE VIEW {table} AS SELECT t.* FROM {table}_fast t, (SELECT pg_sleep(30)) AS s")
        try:
            yield
        finally:
            owner.execute(f"DROP VIEW {table}")
            owner.execute(f"ALTER TABLE {table}_fast RENAME TO {table}")


# Tools


def test_what_waits_for_a_yes_at_one_process_is_done_at_another(
    server: str, run: Callable[..., Site], user: Callable[..., User], upstream: ScriptedUpstream, question: str
) -> None:
    owner = user()
    number = uuid.uuid4().int % 10**9
    upstream.script(question, calls(("find_orders", {"customer": "Ada"}), ("cancel_order", {"number": number})))
    upstream.script(question, answer("It is cancelled."))
    with ToolGates() as gates:
        gates.open(f"cancel {number}")
        app = {"CHATSITE_TEST_APPS": "tests.support.tools_app", "CHATSITE_TEST_GATES": str(gates.port)}
        first, second = (Client(run(name, **app).url, owner) for name in NAMES[:2])
        page = first.ask_whole(question)
        assert (page.end["status"], len(page.tools(RESULT))) == ("waiting", 1)
        decisions = [{"call": each["id"], "answer": "yes"} for each in page.tools(CALL) if each["asks"]]
        page = second.continue_(page.start["message"], decisions=decisions).rest()
        assert (page.end["status"], page.text, gates.count(f"cancel {number}")) == ("complete", "It is cancelled.", 1)
    stored = Message.objects.get(pk=page.start["message"]).reply.parts()
    assert [[part.kind, part.text] for part in stored] == page.parts
    rows = ToolCall.objects.filter(message=page.start["message"])
    assert {row.name: (row.status, row.answer) for row in rows} == {
        "find_orders": ("done", ""),
        "cancel_order": ("done", "yes"),
    }
