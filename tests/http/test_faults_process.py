"""The process is killed, ended or stopped at the worst moments, its clock is set back, and Stop races with the end."""

import re
import shutil
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F
from django.utils import timezone

from chat.generation import recovery
from chat.models import Conversation, Generation, Message, ThrottleEntry
from tests.conftest import ClientFor, RunSite
from tests.support.client import Answer, Client
from tests.support.endings import ending
from tests.support.faults import (
    OwnDatabase,
    caught_up,
    database,
    lapse,
    locked,
    replayed,
    same_for_whoever_follows,
    wait_stored,
)
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, say
from tests.support.waiting import eventually


@pytest.fixture
def alone(run_site: RunSite, committed: None, tmp_path: Path) -> Iterator[OwnDatabase]:
    """A site whose database no other process uses."""
    own = OwnDatabase(run_site, tmp_path, CHAT_IDLE_SECONDS="1.5", CHAT_FIRST_TOKEN_SECONDS="1.5")
    yield own
    own.site.close()


@pytest.fixture
def unlimited(run_site: RunSite, committed: None) -> Site:
    """A site where a user may ask as often as a test wants. (The settings of test_faults_load, to share it.)"""
    return run_site(CHAT_OUTPUT_CHARS="0", CHAT_MESSAGES_PER_MINUTE="0", CHAT_LIVE_PER_USER="0")


def wait_ended(generation: str, seconds: float = 30) -> Generation:
    ended = Generation.objects.exclude(status="running").filter(pk=generation)
    return eventually(ended.first, "The generation has ended", seconds)


# SIGKILL


def test_killed_before_the_first_piece_it_is_interrupted_and_not_asked_again(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client, gate = client_for(mortal), Gate()
    upstream.script(question, gate, answer("Never seen"))
    asked, conversation = str(uuid.uuid4()), str(uuid.uuid4())
    with client.ask(question, conversation, id=asked) as stream:
        ids = stream.ids
        gate.wait_reached()
        mortal.kill()
        stream.until_lost()
    lapse(ids["generation"])
    mortal.start()
    page = caught_up(client, stream)
    assert (page.text, ending(page)) == ("", ("interrupted", "", ""))
    assert client.ask_whole(question, conversation, id=asked).end == page.end
    assert len(upstream.asked(question)) == 1
    assert client.regenerate(ids["message"]).rest().text == "An answer."


@pytest.mark.alone
def test_killed_in_the_middle_it_keeps_what_is_more_than_a_second_old(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(mortal)
    words = [f"word{number} " for number in range(28)]
    gates = [Gate() for _ in words]
    upstream.script(question, [step for pair in zip(words, gates, strict=True) for step in (say(pair[0]), pair[1])])
    seen = []
    with client.ask(question) as stream:
        for word, gate in zip(words, gates, strict=True):
            seen.append((stream.until_text(word).page.position, time.monotonic()))
            time.sleep(0.1)  # the pace of the words
            gate.open()
        mortal.kill()
        killed_at = time.monotonic()
        stream.until_lost()
    lapse(stream.ids["generation"])
    mortal.start()
    page = caught_up(client, stream)
    assert ending(page) == ("interrupted", "", "")
    assert "".join(words).startswith(page.text)
    # A second to the next checkpoint, and the time that writing takes on a busy machine.
    safe = max(position for position, at in seen if killed_at - at > 1.5)
    assert safe >= 50
    assert page.position >= safe
    assert client.continue_(stream.ids["message"]).rest().text == page.text + " And more."


def test_killed_between_the_last_token_and_the_final_write_it_is_interrupted(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client, gate = client_for(mortal), Gate()
    upstream.script(question, say("Stored. "), gate, answer("Complete, but not stored."))
    with client.ask(question) as stream:
        ids = stream.until_text("Stored. ").ids
        wait_stored(ids["message"], "Stored. ")
        with locked(database()):
            gate.open()
            stream.until_text("Complete, but not stored.")
            assert upstream.wait_asked(question).ended.wait(30), "The upstream has finished"
            mortal.kill()
            stream.until_lost()  # which fails if an end had been announced before it was stored
    assert Generation.objects.get(pk=ids["generation"]).status == "running"
    lapse(ids["generation"])
    mortal.start()
    page = caught_up(client, stream)
    assert (page.text, ending(page)) == ("Stored. ", ("interrupted", "", ""))
    same_for_whoever_follows(client, ids["generation"], page)
    assert len(upstream.asked(question)) == 1


# SIGTERM


def test_ended_before_the_first_piece_it_is_interrupted_at_once(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client, gate = client_for(mortal), Gate()
    upstream.script(question, gate, answer("Never seen"))
    with client.ask(question) as stream:
        ids = stream.ids
        gate.wait_reached()
        began = time.monotonic()
        mortal.terminate()
        assert time.monotonic() - began < 10
    stored = Generation.objects.get(pk=ids["generation"])
    assert (stored.status, stored.message.text, stored.ends_at) == ("interrupted", "", 0)
    upstream.wait_asked(question).wait_closed()
    mortal.start()
    with client.follow(ids["generation"]) as again:
        assert replayed(client, again) == ("interrupted", "", "")


# SIGSTOP


def test_stopped_for_longer_than_its_deadlines_and_its_lease_a_site_alone_goes_on(
    alone: OwnDatabase, upstream: ScriptedUpstream, question: str
) -> None:
    client, site, gate = alone.client, alone.site, Gate()
    upstream.script(question, say("Before. "), gate, answer("Meanwhile."))
    with client.ask(question) as stream:
        generation = stream.until_text("Before. ").ids["generation"]
        site.send(signal.SIGSTOP)
        alone.lapse(generation)
        gate.open()
        time.sleep(2)  # longer than the site waits for a piece
        site.send(signal.SIGCONT)
        page = stream.rest()
    assert page.end
    assert (page.text, page.end["status"]) == ("Before. Meanwhile.", "complete")
    assert alone.stored(generation) == ("complete", page.text)
    same_for_whoever_follows(client, generation, page)


def test_stopped_while_another_process_sweeps_it_accepts_that_its_reply_has_ended(
    site: Site, mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    there, gate = client_for(mortal), Gate()
    upstream.script(question, say("Stored. "), gate, say("Shown. "), say("But not stored."), Gate())
    with there.ask(question) as stream:
        ids = stream.until_text("Stored. ").ids
        wait_stored(ids["message"], "Stored. ")
        gate.open()
        stream.until_text("But not stored.")
        mortal.send(signal.SIGSTOP)
        lapse(ids["generation"])
        assert wait_ended(ids["generation"]).status == "interrupted"
        here = Client(site.url, there.user)
        with here.follow(ids["generation"]) as elsewhere:
            assert replayed(here, elsewhere) == ("interrupted", "", "")
        mortal.send(signal.SIGCONT)
        # Its page is told too: what had been shown but was never stored is taken back.
        assert replayed(there, stream) == ("interrupted", "", "")
    assert stream.page.text == elsewhere.page.text
    assert stream.page.text in ("Stored. ", "Stored. Shown. But not stored.")
    upstream.wait_asked(question).wait_closed()


def test_stopped_at_the_end_while_another_process_sweeps_there_is_one_ending(
    site: Site, mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    there, gate = client_for(mortal), Gate()
    upstream.script(question, say("Hello"), gate, answer(", world"))
    with there.ask(question) as stream:
        ids = stream.until_text("Hello").ids
        mortal.send(signal.SIGSTOP)
        gate.open()  # the rest waits in the socket
        assert upstream.wait_asked(question).ended.wait(30)
        lapse(ids["generation"])
        assert wait_ended(ids["generation"]).status == "interrupted"
        mortal.send(signal.SIGCONT)
        assert replayed(there, stream) == ("interrupted", "", "")
    assert "world" not in Message.objects.get(pk=ids["message"]).text


# Stop


def test_stop_at_the_same_moment_as_the_end_gives_one_ending_that_is_the_stored_one(
    unlimited: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(unlimited)
    statuses = set()
    with ThreadPoolExecutor(1) as threads:
        seconds = how_long_a_stop_takes(client, upstream, question)
        for number in range(40):
            gate, text = Gate(), f"{question} {number}"
            upstream.script(text, say("Hello"), gate, answer(", world"))
            with client.ask(text) as stream:
                generation = stream.until_text("Hello").ids["generation"]
                gate.wait_reached()
                stopping = threads.submit(client.cancel, generation)
                time.sleep(seconds * number / 20)  # from much too early to much too late
                gate.open()
                status = replayed(client, stream)[0]
                reply = stopping.result(30)
            assert stream.page.text in ("Hello", "Hello, world")
            assert (status, reply.status) in {("stopped", 202), ("complete", 202), ("complete", 200)}
            assert reply.status == 202 or reply.json == {"status": status}
            statuses.add(status)
    assert statuses == {"stopped", "complete"}, "Only a race that both can win is one"


def how_long_a_stop_takes(client: Client, upstream: ScriptedUpstream, question: str) -> float:
    upstream.script(question, say("Hello"), Gate())
    with client.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        began = time.monotonic()
        client.cancel(generation)
        return time.monotonic() - began


def test_stop_from_another_browser_is_seen_where_it_is_followed(
    site: Site, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Hello"), Gate(), answer(", never"))
    other = Client(site.url, alice.user)
    with alice.ask(question) as stream, other.follow(stream.ids["generation"]) as followed:
        stream.until_text("Hello")
        followed.until_text("Hello")
        assert other.cancel(stream.ids["generation"]).status == 202
        assert replayed(alice, stream) == replayed(other, followed) == ("stopped", "", "")
    upstream.wait_asked(question).wait_closed()


@pytest.mark.alone
def test_stop_by_another_process_ends_the_reply_and_closes_the_upstream(
    site: Site, unlimited: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    """As is a stop that comes before the reply can be found in its own process: the row alone says so."""
    client = client_for(unlimited)
    upstream.script(question, say("Hello"), Gate(), answer(", never"))
    with client.ask(question) as stream:
        ids = stream.until_text("Hello").ids
        wait_stored(ids["message"], "Hello")
        assert Client(site.url, client.user).cancel(ids["generation"]).status == 202
        stopped_at = time.monotonic()
        assert replayed(client, stream) == ("stopped", "", "")
    assert stream.page.text == "Hello"
    asked = upstream.wait_asked(question)
    asked.wait_closed()
    assert asked.closed_at - stopped_at < 2


def test_stop_before_the_reply_can_be_found_stops_it(
    unlimited: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    """A continuation's id is the client's, so it can be stopped as soon as it is stored."""
    client = client_for(unlimited)
    upstream.script(question, say("Half"))
    ids = client.ask_whole(question).start
    assert ids
    with ThreadPoolExecutor(2) as threads:
        for _ in range(15):
            generation = str(uuid.uuid4())
            upstream.script(question, Gate(), say(" never"), what="continuation")
            continuing = threads.submit(client.continue_, ids["message"], None, id=generation)
            reply = eventually(lambda pk=generation: found(client.cancel(pk)), "It can be stopped")
            with continuing.result(30) as stream:
                assert replayed(client, stream) == ("stopped", "", "")
            assert reply.status == 202
            assert stream.page.text == "Half"
    for asked in upstream.asked(question, "continuation"):
        assert asked.ended.wait(30), "The upstream of a stopped reply was not closed"


def found(reply: Answer) -> Answer | None:
    return reply if reply.status != 404 else None


# The clock


class Clock:
    """`time.monotonic`, as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("chat.generation.recovery.time.monotonic", lambda: self.now)


def test_a_lease_that_nobody_renews_runs_out_whatever_the_wall_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, watch = Clock(monkeypatch), recovery.LeaseWatch()
    dead, alive = uuid.uuid4(), uuid.uuid4()
    far = timezone.now() + timedelta(hours=1)
    for second in range(0, 15, 5):
        clock.now = 1000.0 + second
        assert watch.gone({dead: far, alive: far + timedelta(seconds=second)}) == set()
    clock.now = 1015.1
    assert watch.gone({dead: far, alive: far + timedelta(seconds=15)}) == {dead}
    assert watch.gone({alive: far}) == set(), "Who has ended is forgotten"


def test_a_lease_that_is_renewed_never_runs_out_even_when_its_clock_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, watch = Clock(monkeypatch), recovery.LeaseWatch()
    pk, lease = uuid.uuid4(), timezone.now()
    for second in range(0, 120, 5):
        clock.now = 1000.0 + second
        set_back = timedelta(hours=1) if second > 60 else timedelta()
        assert watch.gone({pk: lease + timedelta(seconds=second) - set_back}) == set()


def test_a_clock_that_jumps_forward_ends_nobody_who_renews(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, watch = Clock(monkeypatch), recovery.LeaseWatch()
    pk, lease = uuid.uuid4(), timezone.now()
    for second in range(0, 60, 5):
        clock.now = 1000.0 + second
        assert watch.gone({pk: lease + timedelta(seconds=second)}, lapsed=[pk]) == set()


def test_a_lease_that_ran_out_and_is_not_renewed_counts_at_the_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, watch = Clock(monkeypatch), recovery.LeaseWatch()
    pk, lease = uuid.uuid4(), timezone.now()
    assert watch.gone({pk: lease}, lapsed=[pk]) == set()
    clock.now += 5
    assert watch.gone({pk: lease}, lapsed=[pk]) == {pk}


FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@pytest.mark.skipif(not FAKETIME, reason="The package faketime, which sets a process's clock, is not installed.")
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is not here.")
def test_a_reply_of_a_dead_process_is_interrupted_though_the_clock_was_set_back_an_hour(
    run_site: RunSite, committed: None, tmp_path: Path, upstream: ScriptedUpstream, question: str
) -> None:
    """Ten times as fast, so that the twenty seconds of lease and sweep are two."""
    own = OwnDatabase(run_site, tmp_path)
    upstream.script(question, say("Hello"), Gate())
    with own.client.ask(question) as stream:
        generation = stream.until_text("Hello").ids["generation"]
        eventually(lambda: own.stored(generation)[1] == "Hello", "The text is stored")
        own.site.kill()
        stream.until_lost()
    own.site._variables |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "-1h x10"}
    own.site.start()
    eventually(lambda: own.stored(generation) == ("interrupted", "Hello"), "The reply is interrupted", 5)
    own.site.close()


def in_the_future(client: Client) -> None:
    """All that this user has was made in an hour from now: it was made just now, and the clock is set back."""
    hour = timedelta(hours=1)
    for generation in Generation.objects.filter(owner=client.user):
        Generation.objects.filter(pk=generation.pk).update(
            created_at=generation.created_at + hour, ended_at=(generation.ended_at or timezone.now()) + hour
        )
    for message in Message.objects.filter(conversation__owner=client.user):
        Message.objects.filter(pk=message.pk).update(created_at=message.created_at + hour)
    for conversation in Conversation.objects.filter(owner=client.user):
        Conversation.objects.filter(pk=conversation.pk).update(
            created_at=conversation.created_at + hour, updated_at=conversation.updated_at + hour
        )
    ThrottleEntry.objects.filter(owner=client.user).update(at=F("at") + hour)


def test_a_clock_that_was_set_back_locks_nobody_out(client_for: ClientFor, run_site: RunSite) -> None:
    client = client_for(run_site(CHAT_MESSAGES_PER_MINUTE="3", CHAT_MODELS="small, big"))
    for _ in range(3):
        client.ask_whole("Hello")
    assert client.post(f"/c/{uuid.uuid4()}/messages/", {"id": str(uuid.uuid4()), "text": "Hello"}).status == 429
    in_the_future(client)
    assert client.ask_whole("Hello").text == "An answer."


def test_the_order_of_messages_and_conversations_does_not_come_from_the_clock(alice: Client, question: str) -> None:
    first = alice.ask_whole(question + " 1").start
    other = alice.ask_whole(question + " in another conversation").start
    assert first
    assert other
    in_the_future(alice)
    alice.ask_whole(question + " 2", first["conversation"], parent=first["message"])
    page = alice.get(f"/c/{first['conversation']}/", Accept="text/html").text
    assert page.index(f"{question} 1") < page.rindex(f"{question} 2")
    said = re.findall(r'id="message-([0-9a-f-]{36})"', page)
    messages = Conversation.objects.get(pk=first["conversation"]).branch()
    assert said == [str(message.pk) for message in messages]
    assert [message.text for message in messages] == [f"{question} 1", "An answer.", f"{question} 2", "An answer."]
    listed = re.findall(r'href="/c/([0-9a-f-]{36})/"', page)
    assert listed.index(first["conversation"]) < listed.index(other["conversation"]), "The newest comes first"


def test_the_branch_that_was_written_last_is_on_show_whatever_the_clock_said(alice: Client, question: str) -> None:
    first = alice.ask_whole(question).start
    assert first
    in_the_future(alice)
    second = alice.regenerate(first["message"]).rest().start
    assert second
    conversation = Conversation.objects.get(pk=first["conversation"])
    assert str(conversation.current_id) == second["message"]
    siblings = Message.objects.get(pk=first["message"]).siblings()
    assert [str(message.pk) for message in siblings] == [first["message"], second["message"]]
