"""Several processes of one site: asked, followed, stopped and titled at another one than the one that writes.

On one SQLite file and on one PostgreSQL, with a Redis and without.
"""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from pytest_django.plugin import DjangoDbBlocker

from chat.core.tool_parts import CALL, RESULT
from chat.models import Conversation, Generation, Message, MessagePart, ProcessNote
from tests.conftest import ClientFor, RunSite
from tests.http.test_list import listed, post
from tests.support.client import Client
from tests.support.databases import as_default, migrated_database, url_of
from tests.support.endings import ending
from tests.support.faults import locked
from tests.support.redis import RedisServer
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, calls, say
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def own_redis(redis_program: str) -> Iterator[RedisServer]:
    with RedisServer(redis_program) as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def run_here(
    request: pytest.FixtureRequest, run_site: RunSite, django_db_blocker: DjangoDbBlocker
) -> Iterator[RunSite]:
    """Sites on one database, which is this process's, too."""
    if request.param == "sqlite":
        yield run_site
        return
    server = request.getfixturevalue("postgres")
    sites: dict[frozenset[tuple[str, str]], Site] = {}
    with django_db_blocker.unblock(), as_default(migrated_database(server)):
        url = url_of(connection.settings_dict)

        def run(*, own: bool = False, **changes: str) -> Site:
            key = frozenset({**changes, "own": str(own and len(sites))}.items())
            if key not in sites:
                sites[key] = run_site(own=True, DATABASE_URL=url, **changes)
            return sites[key]

        yield run
        for site in sites.values():
            site.close()


@pytest.fixture
def sites(own_redis: RedisServer, run_here: RunSite, committed: None) -> list[Site]:
    """Two that tell each other what is new."""
    shared = {"REDIS_URL": own_redis.url, "CHAT_TITLES": "model", "CHAT_TOOLS": "current_time"}
    return [run_here(**shared), run_here(**shared, CHAT_LIVE_PER_USER="6")]


@pytest.fixture
def both(sites: list[Site], client_for: ClientFor) -> tuple[Client, Client]:
    """The same user at each."""
    here = client_for(sites[0])
    return here, elsewhere(here, sites[1])


@pytest.fixture
def apart(run_here: RunSite, client_for: ClientFor) -> tuple[Client, Client]:
    """The same, without a Redis."""
    here = client_for(run_here())
    return here, elsewhere(here, run_here(CHAT_LIVE_PER_USER="6"))


@contextmanager
def nobody_stores() -> Iterator[None]:
    """Somebody else holds what answers are written to."""
    if connection.vendor == "sqlite":
        with locked(connection.settings_dict["NAME"]):
            yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {MessagePart._meta.db_table} IN EXCLUSIVE MODE")
        yield


def elsewhere(client: Client, site: Site) -> Client:
    there = Client(site.url)
    there.user, there.cookies = client.user, client.cookies
    return there


def test_what_is_written_is_seen_at_another_process_before_it_is_stored(
    both: tuple[Client, Client], upstream: ScriptedUpstream, question: str, own_redis: RedisServer
) -> None:
    (here, there), gates = both, [Gate(), Gate()]
    upstream.script(question, say("Hello"), gates[0], say(", world"), gates[1], answer("!"))
    with here.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        published = own_redis.published()
        with there.follow(generation) as following:
            following.until_text("Hello")
            eventually(lambda: own_redis.published() > published, "the two talk of it")
            with nobody_stores():
                gates[0].open()
                following.until_text(", world")
                with there.follow(generation, last_event_id=following.page.position) as again:
                    assert again.ids["generation"] == generation
                    gates[1].open()
                    again.until_text("!")
                    assert "reset" not in again.events, "A position is honoured that is not stored yet"
                following.until_text("!")
            whole = following.rest()
        assert stream.rest().text == whole.text == "Hello, world!"
        assert ending(whole) == ("complete", "stop", "")
        assert "reset" not in following.events
    assert own_redis.ask("DBSIZE") == 0


def test_what_an_answer_calls_is_seen_at_another_process(
    both: tuple[Client, Client], upstream: ScriptedUpstream, question: str
) -> None:
    (here, there), before, after = both, Gate(), Gate()
    upstream.script(question, say("Hm. "), before, calls(("current_time", {})))
    upstream.script(question, after, answer("It is late."))
    with here.ask(question) as stream, there.follow(stream.ids["generation"]) as following:
        following.until_text("Hm. ")
        before.open()
        called = following.until(CALL).data
        assert following.until(RESULT).data["id"] == called["id"]
        after.open()
        whole = following.rest()
        assert stream.rest().parts == whole.parts
    assert (ending(whole)[0], whole.text) == ("complete", "Hm. \n\nIt is late.")
    assert "reset" not in following.events


@pytest.mark.parametrize("which", ["both", "apart"])
def test_stopped_at_another_process_it_keeps_all_text(
    which: str, run_here: RunSite, request: pytest.FixtureRequest, upstream: ScriptedUpstream, question: str
) -> None:
    here, there = request.getfixturevalue(which)
    gate = Gate()
    upstream.script(question, say("Hello"), gate, say(", world"), Gate())
    with here.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        gate.open()
        stream.until_text(", world")
        assert there.cancel(generation).status == 202
        upstream.wait_asked(question).wait_closed()
        assert stream.rest().text == "Hello, world"
    assert stream.events.count("reset") == 0
    stored = Generation.objects.get(pk=generation)
    assert (stored.status, stored.message.text) == ("stopped", "Hello, world")
    assert there.cancel(generation).json == {"status": "stopped"}


@pytest.mark.alone
def test_stopped_at_another_process_its_provider_is_closed_within_a_second(
    both: tuple[Client, Client], upstream: ScriptedUpstream, question: str
) -> None:
    here, there = both
    upstream.script(question, say("Hello"), Gate())
    with here.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        asked, stopped_at = upstream.wait_asked(question), time.monotonic()
        there.cancel(generation)
        asked.wait_closed()
        assert asked.closed_at - stopped_at < 1
        stream.rest()


def test_posted_to_both_at_once_it_is_asked_once(
    apart: tuple[Client, Client], upstream: ScriptedUpstream, question: str
) -> None:
    gate, ids = Gate(), {"conversation": str(uuid.uuid4()), "id": str(uuid.uuid4())}
    upstream.script(question, gate, answer("Only once"))
    with ThreadPoolExecutor(6) as threads:
        streams = list(threads.map(lambda client: client.ask(question, **ids), apart * 3))
        gate.open()
        assert set(threads.map(lambda stream: stream.rest().text, streams)) == {"Only once"}
    assert len(upstream.asked(question)) == 1
    assert Message.objects.filter(conversation=ids["conversation"]).count() == 2


def test_limits_count_what_runs_at_either(
    apart: tuple[Client, Client], upstream: ScriptedUpstream, question: str
) -> None:
    (here, there), gates = apart, [Gate() for _ in range(5)]
    for number, gate in enumerate(gates):
        upstream.script(f"{question} {number}", say("Hello"), gate, answer("!"))
    streams = [apart[number % 2].ask(f"{question} {number}").until_text("Hello") for number in range(5)]
    new = {"id": str(uuid.uuid4()), "text": question, "parent": None}
    refused = here.post(f"/c/{uuid.uuid4()}/messages/", new)
    assert (refused.status, refused.code) == (429, "too_many")
    assert there.ask_whole(f"{question} at the one that takes six").text == "An answer."
    for gate in gates:
        gate.open()
    assert {stream.rest().text for stream in streams} == {"Hello!"}


def test_what_a_process_wrote_that_is_killed_is_ended_by_the_other(
    run_here: RunSite, apart: tuple[Client, Client], upstream: ScriptedUpstream, question: str
) -> None:
    site = run_here(own=True)
    dying = elsewhere(apart[0], site)
    upstream.script(question, say("Hello"), Gate())
    with dying.ask(question) as stream:
        ids = stream.until_text("Hello").ids
        eventually(lambda: Message.objects.get(pk=ids["message"]).text, "it is stored")
        with apart[1].follow(ids["generation"]) as following:
            following.until_text("Hello")
            site.kill()
            stream.until_lost()
            Generation.objects.filter(pk=ids["generation"]).update(lease_until="2020-01-01T00:00:00Z")  # as 15 s later
            page = following.rest()
    assert (page.text, ending(page)) == ("Hello", ("interrupted", "", ""))
    assert apart[0].continue_(ids["message"]).rest().text == "Hello And more."
    site.close()


def test_what_no_process_runs_any_more_can_be_stopped(
    run_here: RunSite, committed: None, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    site = run_here(own=True)
    client = client_for(site)
    upstream.script(question, say("Hello"), Gate())
    with client.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        eventually(lambda: Generation.objects.get(pk=generation).message.text, "it is stored")
        site.kill()
        stream.until_lost()
    there = elsewhere(client, run_here())
    assert there.cancel(generation).status == 202
    whole = there.follow(generation).rest()
    assert whole.text == "Hello"
    assert whole.end["status"] in ("stopped", "interrupted")
    site.close()


def test_a_title_reaches_who_follows_the_next_answer_at_another_process(
    both: tuple[Client, Client], upstream: ScriptedUpstream, question: str
) -> None:
    (here, there), title, second = both, Gate(), Gate()
    upstream.script(question, title, answer("Blue skies"), what="title")
    page = here.ask_whole(question)
    upstream.wait_asked(question, what="title")
    upstream.script(f"{question} And?", say("And"), second, answer(" so."))
    start = page.start
    with there.ask(f"{question} And?", start["conversation"], parent=start["message"]) as stream:
        stream.until_text("And")
        title.open()
        assert stream.until("title").data == {"title": "Blue skies"}
        second.open()
        assert stream.rest().text == "And so."


def test_what_is_changed_at_one_process_is_hinted_at_the_other(
    both: tuple[Client, Client], own_redis: RedisServer
) -> None:
    here, there = both
    (conversation,) = listed(here)
    eventually(lambda: own_redis.ask("PUBSUB", "NUMSUB", "chat:process:all")[1] >= 2, "both listen")
    with there.stream("GET", "/hints/") as hints:
        hints.until("version")
        post(here, conversation, "title", {"title": "Zebra"})
        while (frame := hints.until("list")).data != {"conversation": str(conversation.pk)}:
            assert frame.data == {}, "Whoever comes without a position is told to ask"


def test_without_a_redis_it_is_hinted_too(
    apart: tuple[Client, Client], upstream: ScriptedUpstream, question: str
) -> None:
    (here, there), gate = apart, Gate()
    (conversation,) = listed(here)
    upstream.script(question, say("Hello"), gate, answer("!"))
    with there.stream("GET", "/hints/") as hints, there.ask(question) as stream:
        hints.until("version")
        stream.until_text("Hello")  # by which each may see that the other is there
        eventually(lambda: is_told(here, conversation), "what one does is told to the other")
        while hints.until("list").data != {"conversation": str(conversation.pk)}:
            pass
        gate.open()
        stream.rest()


def is_told(client: Client, conversation: Conversation) -> bool:
    post(client, conversation, "title", {"title": uuid.uuid4().hex})
    time.sleep(0.2)  # it is looked every few seconds who is there
    return any(str(conversation.pk) in note.words for note in ProcessNote.objects.all())


def test_without_its_redis_it_goes_on_and_comes_back(
    both: tuple[Client, Client], upstream: ScriptedUpstream, question: str, own_redis: RedisServer, sites: list[Site]
) -> None:
    (here, there), gates = both, [Gate(), Gate(), Gate()]
    upstream.script(question, say("One"), gates[0], say(", two"), gates[1], say(", three"), gates[2], answer("!"))
    with here.ask(question) as stream:
        generation = stream.until_text("One").ids["generation"]
        with there.follow(generation) as following:
            following.until_text("One")
            own_redis.kill()
            gates[0].open()
            following.until_text(", two")
            own_redis.start()
            eventually(lambda: own_redis.published(), "the two talk of it again")
            with nobody_stores():
                gates[1].open()
                following.until_text(", three")
            gates[2].open()
            assert following.rest().text == "One, two, three!"
        assert stream.rest().text == "One, two, three!"
    for site in sites:
        assert site.log.count("Redis is away") == 1


def test_an_address_that_is_none_is_said_at_the_start(run_site: RunSite, committed: None) -> None:
    with pytest.raises(AssertionError, match="REDIS_URL is no address of a Redis") as said:
        run_site(own=True, REDIS_URL="http://:secret@127.0.0.1")
    assert "secret" not in str(said.value)
