"""The database is locked, away or full: streams go on, what was accepted is kept, and the site recovers by itself."""

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connections
from django.utils import timezone

from tests.conftest import RunSite
from tests.support.client import Answer, Client
from tests.support.client import question as body_of
from tests.support.faults import OwnDatabase, caught_up, fill, locked, same_for_whoever_follows, small_disk
from tests.support.site import Site
from tests.support.sse import Page
from tests.support.upstream import Gate, ScriptedUpstream, answer, say
from tests.support.waiting import eventually


@pytest.fixture
def own(run_site: RunSite, committed: None, tmp_path: Path) -> Iterator[OwnDatabase]:
    """A site whose database no other process uses, in a folder of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    own = OwnDatabase(run_site, folder)
    yield own
    own.site.close()


@pytest.fixture
def leaving(own: OwnDatabase, run_site: RunSite) -> Iterator[Site]:
    """Another process on the same database."""
    site = run_site(own=True, DATABASE_URL=f"sqlite:///{own.file}")
    yield site
    site.close()


def assert_kept(own: OwnDatabase, page: Page, status: str) -> None:
    """Replay equals reload, and the ending that was sent is the stored one."""
    assert page.start
    assert page.end
    assert page.end["status"] == status
    assert own.stored(page.start["generation"]) == (status, page.text)
    same_for_whoever_follows(own.client, page.start["generation"], page)


def assert_refused_for_now(reply: Answer) -> None:
    assert (reply.status, reply.code) == (503, "unavailable")
    assert int(reply.headers["Retry-After"]) > 0


# Locked

SECONDS = 10.0


@pytest.mark.alone
def test_locked_for_ten_seconds_streams_go_on_and_a_process_that_is_ended_is_gone(
    own: OwnDatabase, leaving: Site, upstream: ScriptedUpstream, question: str
) -> None:
    """Two tests in one, since each takes ten seconds: `leaving`, another process, gets SIGTERM meanwhile."""
    client, gate, last, other = own.client, Gate(), Gate(), Gate()
    before = client.ask_whole("Before")
    assert before.start
    words = [f"word{number} " for number in range(20)]
    gates = [Gate() for _ in words]
    upstream.script(question, [step for pair in zip(words, gates, strict=True) for step in (say(pair[0]), pair[1])])
    upstream.script(question + " Ending", say("Hello"), gate, answer(", world"))
    upstream.script(question + " Late", say("Late"), last, answer(", but well"))
    upstream.script(question + " Leaving", say("Stored. "), other, say("Not stored."), Gate())
    with (
        client.ask(question) as stream,
        client.ask(question + " Ending") as ending,
        client_at(leaving, client).ask(question + " Leaving") as left,
        ThreadPoolExecutor(2) as threads,
    ):
        ending.until_text("Hello")
        stream.until_text(words[0])
        left.until_text("Stored. ")
        eventually(lambda: own.stored(left.ids["generation"])[1] == "Stored. ", "The text is stored")
        with locked(own.file):
            began = time.monotonic()
            other.open()
            left.until_text("Not stored.")
            terminating = threads.submit(seconds_to_end, leaving)
            posting = threads.submit(client.ask, question + " Late")
            gate.open()
            ending.until_text(", world")
            for word, next_one in zip(words[1:], gates, strict=False):
                next_one.open()
                stream.until_text(word)  # at once, though nothing can be stored
            assert time.monotonic() - began < 5
            time.sleep(began + 3 - time.monotonic())  # a checkpoint, an ending and a question wait for the lock
            reading = time.monotonic()
            assert client.get("/", Accept="text/html").status == 200
            with client.follow(before.start["generation"]) as stored:
                assert stored.rest().text == "An answer."
            assert time.monotonic() - reading < 2, "Reading goes on"
            assert own.stored(ending.ids["generation"])[0] == "running"
            assert ending.page.end is None, "It was announced before it was stored"
            assert terminating.result(12) < 10
            left.until_lost()
            time.sleep(max(0.0, began + SECONDS - time.monotonic()))
        gates[-1].open()
        last.open()
        assert_kept(own, ending.rest(), "complete")
        assert_kept(own, stream.rest(), "truncated")
        with posting.result(10) as late:
            assert_kept(own, late.rest(), "complete")
    assert stream.page.text == "".join(words)
    assert (ending.page.text, late.page.text) == ("Hello, world", "Late, but well")
    assert len(upstream.asked(question + " Late")) == 1
    if left.page.text != own.stored(left.ids["generation"])[1]:
        said = next(line for line in leaving.log.splitlines() if "characters are lost" in line)
        assert f"11 characters are lost ({left.ids['generation']} of default: 11 characters)" in said
    own.lapse(left.ids["generation"])
    leaving.start()  # which sweeps at once
    assert_kept(own, caught_up(client, left), "interrupted")
    assert left.page.text in ("Stored. ", "Stored. Not stored.")


def client_at(site: Site, client: Client) -> Client:
    """The same user at another process."""
    there = copy(client)
    there.port = site.port
    return there


def seconds_to_end(site: Site) -> float:
    began = time.monotonic()
    site.terminate()
    return time.monotonic() - began


def test_ended_while_the_database_is_locked_for_a_moment_it_stores_all(
    own: OwnDatabase, upstream: ScriptedUpstream, question: str
) -> None:
    client = own.client
    upstream.script(question, say("All of this"), Gate())
    with client.ask(question) as stream, ThreadPoolExecutor(1) as threads:
        generation = stream.until_text("All of this").ids["generation"]
        with locked(own.file):
            ending = threads.submit(own.site.terminate)
            upstream.wait_asked(question).wait_closed()
            assert own.stored(generation)[0] == "running"
        ending.result(12)
    assert own.stored(generation) == ("interrupted", "All of this")


# Away


@pytest.fixture
def fresh(run_site: RunSite, committed: None, tmp_path: Path) -> Iterator[OwnDatabase]:
    """A site with more threads than it has had requests, so that some have no connection yet."""
    folder = tmp_path / "data"
    folder.mkdir()
    own = OwnDatabase(run_site, folder, CHAT_REQUEST_THREADS="12", CHAT_DB_CONNECTIONS="40")
    yield own
    own.site.close()


def test_while_the_database_is_away_it_says_so_and_when_it_is_back_all_is_there(
    fresh: OwnDatabase, upstream: ScriptedUpstream, question: str
) -> None:
    """As when a volume is gone for a while. (To move SQLite's file alone, without its log, is to destroy it.)"""
    client, gate = fresh.client, Gate()
    upstream.script(question, say("Hello"), gate, answer(", world"))
    before = client.ask_whole("Before")
    folder, elsewhere = fresh.file.parent, fresh.file.parent.with_name("elsewhere")
    sent = [(f"/c/{uuid.uuid4()}/messages/", body_of("Meanwhile")) for _ in range(6)]
    with client.ask(question) as stream:
        stream.until_text("Hello")
        folder.rename(elsewhere)
        try:
            refused = [reply for path, body in sent if (reply := client.refusal(path, body))]
            pages = [client.get("/", Accept="text/html") for _ in range(3)]
            gate.open()
            stream.until_text(", world")
        finally:
            elsewhere.rename(folder)
        page = stream.rest()
    for reply in refused:
        assert_refused_for_now(reply)
    for shown in pages:
        assert shown.status in (200, 503)  # a connection that is open still reads
        assert shown.headers["Content-Type"].startswith("text/html")
        assert shown.status == 200 or "Your text is kept" in shown.text
    assert page.text == "Hello, world"
    assert_kept(fresh, page, "complete")
    assert_kept(fresh, before, "complete")
    for path, body in sent:  # again, with the same id: accepted or not, it is there once
        with client.stream("POST", path, body) as again:
            assert_kept(fresh, again.rest(), "complete")


PAGES = (
    *("/", "/settings/", "/archive/", "/search/?q=x", f"/c/{uuid.uuid4()}/", "/s/nosuch/"),
    *("/accounts/login/", "/accounts/signup/", "/accounts/sessions/", "/accounts/password/change/", "/admin/"),
    *("/admin/login/", "/admin/chat/conversation/"),
)
FORMS = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/settings/", "/admin/login/")


def test_without_its_database_the_site_says_so_to_people_and_to_scripts(
    run_site: RunSite, committed: None, tmp_path: Path
) -> None:
    site = run_site(own=True, DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/db.sqlite3")
    client = Client(site.url)
    client.cookies["sessionid"] = "somebodys"
    shown = client.get("/", Accept="text/html")
    assert (shown.status, shown.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "cannot reach its database" in shown.text
    assert_refused_for_now(client.post(f"/c/{uuid.uuid4()}/messages/", body_of("Hello?")))
    for path in ("/hints/", "/prompts/", "/conversations/", f"/generations/{uuid.uuid4()}/events/"):
        assert_refused_for_now(client.get(path))
    form = {"login": "ann", "password": "sesame", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    answers = {path: client.get(path, Accept="text/html") for path in PAGES}
    answers |= {f"POST {path}": client.post(path, form=form, Accept="text/html") for path in FORMS}
    for path, page in answers.items():
        assert (path, page.status) == (path, 503)
        assert int(page.headers["Retry-After"]) > 0
        assert page.headers["Content-Type"].startswith("text/html")
        assert "cannot reach its database" in page.text
        assert "chat/css/base/tokens" in page.text, "It looks like all pages"
    log = site.log
    site.close()
    assert "Traceback" not in log
    lines = [line for line in log.splitlines() if "The database is away: " in line]
    assert lines
    assert len(lines) < 8, "Each is said once a minute"
    assert all(f"Is {tmp_path}/nowhere/db.sqlite3 there" in line for line in lines)


# Full


@pytest.fixture
def small(run_site: RunSite, committed: None, tmp_path: Path) -> Iterator[OwnDatabase]:
    """A site whose database lies on a disk of three megabytes."""
    with small_disk(tmp_path) as folder:
        own = OwnDatabase(run_site, folder)
        try:
            yield own
        finally:
            own.site.close()


def test_with_the_disk_full_text_is_kept_and_stored_once_there_is_room(
    small: OwnDatabase, upstream: ScriptedUpstream, question: str
) -> None:
    client, middle, gate = small.client, Gate(), Gate()
    long = "A long answer. " * 10_000
    upstream.script(question, say("Hello. "), middle, say(long), gate, answer("The end."))
    conversation, asked = str(uuid.uuid4()), str(uuid.uuid4())
    filler = small.file.with_name("filler")
    with client.ask(question) as stream:
        generation = stream.until_text("Hello. ").ids["generation"]
        eventually(lambda: small.stored(generation)[1] == "Hello. ", "The text is stored")
        fill(filler)
        middle.open()
        stream.until_text(long)
        waiting = stream.until("storage")
        assert waiting.data["status"] == "waiting"
        assert "cannot be stored just now" in waiting.data["message"]
        gate.open()
        stream.until_text("The end.")
        assert small.stored(generation)[0] == "running"
        refused = client.post(f"/c/{conversation}/messages/", body_of("Meanwhile " + long[:90_000], id=asked))
        assert_refused_for_now(refused)
        form = {"login": "ann", "password": "sesame", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        refused = Client(small.site.url).post("/accounts/login/", form=form, Accept="text/html")
        assert (refused.status, "cannot store anything just now" in refused.text) == (503, True)
        assert client.get("/", Accept="text/html").status == 200, "What is stored is shown"
        with client.follow(generation) as late:
            assert late.until("storage").data["status"] == "waiting"
        log = small.site.log
        filler.unlink()
        page = stream.rest()
        assert stream.events[-2:] == ["storage", "end"]
    said = [line for line in log.splitlines() if "The disk is full: 1 answer is kept in memory" in line]
    assert len(said) == 1, "It is said once a minute"
    assert generation in said[0]
    assert f"Free space on {small.file.parent}" in said[0]
    assert "Traceback" not in log
    assert page.text == "Hello. " + long + "The end."
    assert_kept(small, page, "complete")
    assert client.ask_whole("Meanwhile", conversation, id=asked).text == "An answer."


# A standby


@pytest.fixture
def standby(postgres: str) -> Iterator[Callable[[str], None]]:
    """`standby("on")`: the PostgreSQL refuses to be written to, as one does that another has taken the place of."""

    def turn(value: str) -> None:
        with connections[postgres].cursor() as cursor:
            cursor.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            cursor.execute("SELECT pg_reload_conf()")
        connections[postgres].close()

    yield turn
    turn("off")


def test_with_a_database_that_is_only_read_answers_wait_and_are_stored_afterwards(
    postgres: str,
    standby: Callable[[str], None],
    run_site: RunSite,
    committed: None,
    upstream: ScriptedUpstream,
    question: str,
) -> None:
    server = connections[postgres].settings_dict
    site = run_site(own=True, DATABASE_URL=f"postgres://{server['USER']}@{server['HOST']}:{server['PORT']}/postgres")
    client, gate = Client(site.url), Gate()
    client.cookies["sessionid"] = session_in(postgres)
    upstream.script(question, say("Hello"), gate, answer(", world"))
    with client.ask(question) as stream:
        stream.until_text("Hello")
        standby("on")
        gate.open()
        stream.until_text(", world")
        assert stream.until("storage").data["status"] == "waiting"
        assert_refused_for_now(client.post(f"/c/{uuid.uuid4()}/messages/", body_of("Meanwhile")))
        assert client.get("/", Accept="text/html").status == 200
        standby("off")
        page = stream.rest()
    assert (page.text, page.end and page.end["status"]) == ("Hello, world", "complete")
    same_for_whoever_follows(client, stream.ids["generation"], page)
    log = site.log
    site.close()
    assert "The database cannot be written to: 1 answer is kept in memory" in log
    assert "Traceback" not in log


def session_in(alias: str) -> str:
    """Of a new user of that database."""
    user = User(username=f"user-{uuid.uuid4().hex[:12]}", password="!")
    user.save(using=alias)
    backend = "django.contrib.auth.backends.ModelBackend"
    data = {SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: backend, HASH_SESSION_KEY: user.get_session_auth_hash()}
    key = uuid.uuid4().hex
    row = {"session_key": key, "session_data": SessionStore().encode(data)}
    Session.objects.using(alias).create(**row, expire_date=timezone.now() + timedelta(days=1))
    return key
