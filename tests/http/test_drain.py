"""A process that is told to end: it drains, so that nobody who can be served elsewhere is cut."""

import http.client
import signal
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from chat.models import Generation
from tests.conftest import ClientFor, RunSite
from tests.support.client import PATIENCE, Client, Stream
from tests.support.endings import ending
from tests.support.nginx import PROGRAM, WHY_MISSING, Nginx
from tests.support.site import ListeningSite, Site, environment
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say
from tests.support.waiting import eventually

RunDraining = Callable[..., Site]
BETWEEN_VISITS = 0.2
"""Seconds, which leave the sites time for what else there is: to start, above all."""


@pytest.fixture
def run_draining(run_site: RunSite, committed: None) -> Iterator[RunDraining]:
    with ExitStack() as sites:

        def run(**changes: str) -> Site:
            site = run_site(own=True, **{"CHAT_DRAIN_SECONDS": "60", **changes})
            sites.callback(site.close)
            return site

        yield run


class Kept:
    """One connection for several requests, as nginx keeps them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.connection = http.client.HTTPConnection(client.host, client.port, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: str = "") -> http.client.HTTPResponse:
        """The answer, which has been read."""
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._client.cookies.items()),
            "X-CSRFToken": self._client.cookies["csrftoken"],
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        self.connection.request(method, path, body or None, headers)
        response = self.connection.getresponse()
        response.text = response.read().decode()  # type: ignore[attr-defined]
        return response

    def question(self) -> Any:
        body = f'{{"id": "{uuid.uuid4()}", "text": "Another?", "parent": null}}'
        return self.ask("POST", f"/c/{uuid.uuid4()}/messages/", body)


def begun(client: Client, upstream: ScriptedUpstream, question: str) -> tuple[Stream, Gate]:
    """An answer that waits for the gate."""
    gate = Gate()
    upstream.script(question, say("It is"), gate, say(" whole."), finish(), done())
    return client.ask(question).until_text("It is"), gate


def test_what_runs_comes_to_its_end_and_nothing_new_is_taken(
    run_draining: RunDraining, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    site = run_draining()
    client = client_for(site)
    kept = Kept(client)
    with closing(kept.connection), client.stream("GET", "/hints/") as hints:
        assert kept.ask("GET", "/health/ready/").status == 200
        stream, gate = begun(client, upstream, question)
        hints.until("version")
        site.send(signal.SIGTERM)
        for _ in hints:  # to their end, which is at once
            pass
        (*_, last) = hints.raw.decode().rstrip().splitlines()
        assert 1 <= int(last.removeprefix("retry: ")) <= 5000
        refused = kept.question()
        assert (refused.status, refused.headers["Connection"]) == (503, "close")
        assert "restarting" in refused.text
        assert not site.has_ended
        gate.open()
        page = stream.rest()
    assert (page.text, ending(page)[0]) == ("It is whole.", "complete")
    eventually(lambda: site.has_ended, "The process ends once all has ended")
    assert "Draining:" in site.log
    assert "0 tasks, 0 requests and 0 streams are left" in site.log


def test_an_answer_ends_whose_reader_has_gone(
    run_draining: RunDraining, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    site = run_draining(CHAT_TITLES="model")
    stream, gate = begun(client_for(site), upstream, question)
    generation = stream.ids["generation"]
    stream.close()
    site.send(signal.SIGTERM)
    gate.open()
    eventually(lambda: site.has_ended, "The process ends once all has ended")
    stored = Generation.objects.get(pk=generation)
    assert (stored.status, stored.message.text) == ("complete", "It is whole.")
    assert stored.message.conversation.titled_by == "model", "The title was waited for"


@pytest.mark.parametrize(("seconds", "again"), [("60", True), ("0.5", False)])
def test_what_does_not_end_in_time_is_interrupted(
    run_draining: RunDraining,
    client_for: ClientFor,
    upstream: ScriptedUpstream,
    question: str,
    seconds: str,
    again: bool,
) -> None:
    site = run_draining(CHAT_DRAIN_SECONDS=seconds)
    stream, _gate = begun(client_for(site), upstream, question)
    site.send(signal.SIGTERM)
    if again:
        eventually(lambda: "Draining:" in site.log, "The process drains")
        site.send(signal.SIGTERM)
    page = stream.rest()
    assert (page.text, ending(page)) == ("It is", ("interrupted", "", ""))
    eventually(lambda: site.has_ended, "The process ends")


def test_until_it_is_noticed_all_is_served_but_no_connection_is_kept(
    run_draining: RunDraining, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    site = run_draining(CHAT_DRAIN_NOTICE_SECONDS="60", CHAT_DRAIN_SECONDS="0")
    client = client_for(site)
    kept = Kept(client)
    with closing(kept.connection):
        page = kept.ask("GET", "/")
        assert (page.status, page.headers.get("Connection")) == (200, None)
        assert client.ask_whole(question).text == "An answer.", "The process has seen to how it ends"
        site.send(signal.SIGTERM)
        eventually(lambda: client.get("/health/ready/").status == 503, "The process says that it ends")
        assert client.get("/health/ready/").json == {"status": "not ready", "why": "draining"}
        assert client.get("/health/live/").json == {"status": "live"}
        page = kept.ask("GET", "/")
        assert (page.status, page.headers["Connection"]) == (200, "close")
        assert kept.connection.sock is None, "http.client has closed it, as it was told"
    assert client.ask_whole(question).text == "An answer.", "Questions are taken as before"
    site.send(signal.SIGTERM)
    eventually(lambda: site.has_ended, "The process ends")


# Two behind nginx


@pytest.fixture
def pair(
    upstream: ScriptedUpstream, static_files: Path, committed: None, tmp_path: Path
) -> Iterator[list[ListeningSite]]:
    variables = environment(
        OPENAI_BASE_URL=upstream.base_url,
        CHAT_DRAIN_SECONDS="60",
        CHAT_DRAIN_NOTICE_SECONDS="0.5",
        CHAT_LIVE_PER_USER="0",
        CHAT_MESSAGES_PER_MINUTE="0",
        TRUST_X_FORWARDED_PROTO="on",
    )
    sites = [ListeningSite(tmp_path / f"site-{number}.log", variables) for number in range(2)]
    with ExitStack() as stack:
        for site in sites:
            stack.callback(site.close)
            site.launch()
        for site in sites:
            site.wait_ready()
        yield sites


class Visitor(threading.Thread):
    """Opens a page and asks a short question, again and again, until told to stop."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self._over = threading.Event()
        self.served = 0
        self.faults: list[str] = []

    def run(self) -> None:
        while not self._over.wait(BETWEEN_VISITS) and not self.faults:
            try:
                page = self._client.get("/", Accept="text/html")
                if page.status != 200:
                    self.faults.append(f"{page.status} {page.text[:300]}")
                if self._client.ask_whole(f"In between? {self.served}").text != "An answer.":
                    self.faults.append("another answer")
            except Exception as exc:
                self.faults.append(repr(exc))
            self.served += 1

    def stop(self) -> None:
        self._over.set()
        self.join(PATIENCE)


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.skipif(not PROGRAM, reason=WHY_MISSING)
def test_two_behind_nginx_are_restarted_without_a_cut(
    pair: list[ListeningSite], client_for: ClientFor, upstream: ScriptedUpstream, question: str, tmp_path: Path
) -> None:
    with Nginx(tmp_path, *(site.port for site in pair)) as nginx:
        asker, visitors = client_for(nginx), [Visitor(client_for(nginx)) for _ in range(3)]
        for visitor in visitors:
            visitor.start()
        try:
            for turn, site in enumerate(pair):
                gates = [Gate() for _ in range(25)]
                for number, gate in enumerate(gates):
                    upstream.script(
                        f"{question} {turn} {number}", say("It is"), gate, say(" whole."), finish(), done()
                    )
                streams = [asker.ask(f"{question} {turn} {number}").until_text("It is") for number in range(25)]
                site.send(signal.SIGTERM)
                eventually(lambda site=site: "Draining:" in site.log, "It drains")
                eventually(lambda site=site: is_refused(site.port), "It listens no more")
                served = [visitor.served for visitor in visitors]
                eventually(
                    lambda served=served: all(
                        v.served > n + 1 or v.faults for v, n in zip(visitors, served, strict=True)
                    ),
                    "The other serves",
                )
                for gate in gates:
                    gate.open()
                endings = {(stream.rest().text, ending(stream.page)[0]) for stream in streams}
                assert endings == {("It is whole.", "complete")}
                eventually(lambda site=site: site.has_ended, "It ends")
                site.start()
        finally:
            for visitor in visitors:
                visitor.stop()
        assert not any(visitor.faults for visitor in visitors), [visitor.faults for visitor in visitors]
