"""What our handler does that Django's does not: lifespan, sweeps, limits of bodies, signals, threads by turn."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.signals import request_finished, request_started
from django.db import connections
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from chat.generation import sweeps
from chat.models import threads
from chat.serving import handler as handlers
from chat.serving import refused_addresses, signals
from chat.serving.account_threads import AccountThreads
from chat.serving.handler import KEPT_BYTES, ASGIHandler

# Another test may have left a connection, which a thread looks at.
pytestmark = pytest.mark.django_db(transaction=True)

Sent = list[dict[str, Any]]


def serve(handler: ASGIHandler, scope: dict[str, Any], *messages: dict[str, Any]) -> Sent:
    sent: Sent = []
    waiting = iter(messages)

    async def receive() -> dict[str, Any]:
        for message in waiting:
            return message
        await asyncio.sleep(3600)
        raise AssertionError("unreachable")

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(handler(scope, receive, send))
    return sent


def get(path: str, method: str = "GET", length: int = 0, **headers: str) -> dict[str, Any]:
    named = {"host": "testserver", "content-length": str(length)} | headers
    encoded = [(name.encode(), value.encode()) for name, value in named.items()]
    return {"type": "http", "method": method, "path": path, "query_string": b"", "headers": encoded}


BODY = {"type": "http.request", "body": b""}


# Lifespan


class Ending:
    is_over = False

    async def shut_down(self) -> None:
        self.is_over = True


def test_what_is_being_written_is_stored_before_the_server_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ending = Ending()
    monkeypatch.setattr(handlers, "engine", ending)
    sent = serve(ASGIHandler(), {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert ending.is_over


def test_other_protocols_are_turned_away() -> None:
    assert serve(ASGIHandler(), {"type": "websocket"}) == [{"type": "websocket.close"}]
    with pytest.raises(ValueError, match="webtransport"):
        serve(ASGIHandler(), {"type": "webtransport"})


# Sweeps


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    monkeypatch.setattr(sweeps, "start_sweeping", lambda alive: calls.append("sweeping"))
    monkeypatch.setattr(sweeps, "start_erasing_expired", lambda: calls.append("erasing"))
    monkeypatch.setattr(sweeps, "start_chaining", lambda: calls.append("chaining"))
    monkeypatch.setattr(sweeps, "_started_in", set())
    return calls


def test_nothing_starts_in_the_tests_of_a_project(started: list[str]) -> None:
    sweeps.start_sweeps()
    assert started == []


def test_sweeps_start_once_in_each_process(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(mail, "outbox")
    handler = ASGIHandler()
    assert started == []
    for _ in range(3):
        serve(handler, {"type": "websocket"})
    assert started == ["sweeping", "erasing", "chaining"]
    monkeypatch.setattr("os.getpid", lambda: -1)  # as after a fork
    sweeps.start_sweeps()
    assert started == ["sweeping", "erasing", "chaining"] * 2


# Bodies


A_QUESTION = "/c/00000000-0000-0000-0000-000000000000/messages/"


@pytest.mark.parametrize(
    ("path", "limit_all", "status"), [(A_QUESTION, False, 413), ("/nowhere/", False, 404), ("/nowhere/", True, 413)]
)
def test_a_body_is_too_large_for_the_chat_or_for_all(path: str, limit_all: bool, status: int) -> None:
    handler = ASGIHandler(limit_all_bodies=limit_all)
    sent = serve(handler, get(path, "POST", 10**10, accept="application/json"), BODY)
    assert sent[0]["status"] == status


def test_a_length_of_thousands_of_digits_is_too_large() -> None:
    headers: Any = {"content-length": "9" * 5000, "accept": "application/json"}
    sent = serve(ASGIHandler(), get(A_QUESTION, "POST", **headers), BODY)
    assert sent[0]["status"] == 413


# Where it is mounted


@pytest.mark.parametrize("setting", ["", "/chat"])
def test_where_the_site_is_mounted_is_for_its_settings_to_say(db: None, settings: Any, setting: str) -> None:
    settings.FORCE_SCRIPT_NAME = setting or None
    sent = serve(ASGIHandler(), get(f"{setting}/", accept="text/html") | {"root_path": "/evil"}, BODY)
    assert dict(sent[0]["headers"])[b"Location"].endswith(f"?next={setting}/".encode())
    for pool in (threads.readers, threads._doorkeepers):
        for done in [pool.submit(connections.close_all) for _ in range(8)]:
            done.result()


# Signals


@pytest.mark.parametrize("signal", [request_started, request_finished], ids=["started", "finished"])
def test_whoever_listens_is_told_once_in_a_thread_that_may_wait(signal: Signal) -> None:
    heard: list[type] = []

    def listen(sender: type, **named: Any) -> None:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        heard.append(sender)

    signal.connect(listen)
    try:
        sent = serve(ASGIHandler(), get("/nowhere/", accept="application/json"), BODY)
    finally:
        signal.disconnect(listen)
    assert sent[0]["status"] == 404
    assert heard == [ASGIHandler]


class Response(HttpResponse):
    is_closed = False

    def close(self) -> None:
        """As Django's, which tells of it."""
        self.is_closed = True


def test_what_nobody_has_seen_is_closed_for_whoever_listens() -> None:
    def listen(**named: Any) -> None:
        pass

    response = Response()
    request_finished.connect(listen)
    try:
        asyncio.run(signals.close_unseen(response))
    finally:
        request_finished.disconnect(listen)
    assert response.is_closed


# Threads of their own, where passwords are checked and providers asked


class Doors:
    """The views of a project, each of which says in which thread it is called and waits until it may go on."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.called: dict[str, str] = {}
        self.ended = 0
        self.urlpatterns: list[Any] = [
            path("", include("chat.urls")),
            path("accounts/here/", self.wait),
            path("accounts/oidc/there/", self.wait),
            path("accounts/long/", self.go_on_without_a_turn),
            path("accounts/length/", self.length),
            path("page/", self.page),
        ]

    def wait(self, request: HttpRequest) -> HttpResponse:
        self.called[request.GET["as"]] = threading.current_thread().name.rpartition("-")[0]
        assert self.may_go_on.wait(30)
        self.ended += 1
        return HttpResponse()

    async def go_on_without_a_turn(self, request: Any) -> HttpResponse:
        request.end_turn()
        while not self.may_go_on.is_set():
            await asyncio.sleep(0.001)
        return HttpResponse()

    def length(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(len(request.body))

    def page(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(threading.current_thread().name)

    async def until_called(self, *names: str) -> None:
        async with asyncio.timeout(30):
            while not self.called.keys() >= {*names}:
                await asyncio.sleep(0.001)


class Visit:
    """A request that is being answered, whose client may leave."""

    def __init__(self, handler: ASGIHandler, asked: str, *messages: dict[str, Any], **headers: str) -> None:
        """`messages`: what the server says at first: by default that it is all there."""
        self.sent: Sent = []
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        for message in messages or (BODY,):
            self._messages.put_nowait(message)
        where, _, query = asked.partition("?")
        scope = get(where, "GET", 0, **headers) | {"query_string": query.encode(), "client": ["127.0.0.1", 4711]}
        self.task = asyncio.create_task(handler(scope, self._messages.get, self._send))

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    def leaves(self) -> None:
        self._messages.put_nowait({"type": "http.disconnect"})

    async def answer(self) -> tuple[int, dict[bytes, bytes], bytes]:
        await asyncio.wait_for(self.task, 30)
        start, *body = self.sent
        return start["status"], dict(start["headers"]), b"".join(each.get("body", b"") for each in body)


@pytest.fixture
def doors(settings: Any) -> Iterator[Doors]:
    doors = Doors()
    settings.ROOT_URLCONF = doors
    settings.MIDDLEWARE = []
    yield doors
    doors.may_go_on.set()


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def test_account_pages_and_providers_leave_the_threads_of_others_alone(doors: Doors) -> None:
    async def scenario() -> None:
        handler = ASGIHandler()
        at_provider = [Visit(handler, f"/accounts/oidc/there/?as=p{number}") for number in range(4)]
        await doors.until_called("p0", "p1")
        at_login = [Visit(handler, f"/accounts/here/?as=a{number}") for number in range(4)]
        await doors.until_called("a0", "a1")
        status, _, thread = await Visit(handler, "/page/").answer()
        assert (status, thread[:8]) == (200, b"request-")
        assert doors.called == {"p0": "identity", "p1": "identity", "a0": "account", "a1": "account"}
        doors.may_go_on.set()
        assert [(await visit.answer())[0] for visit in (*at_provider, *at_login)] == [200] * 8
        assert doors.ended == 8

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("accept", "content"),
    [("text/html", b"Too many are logging in"), ("application/json", b'"code": "unavailable"')],
)
def test_where_too_many_wait_it_is_said_and_when_to_come_again(
    doors: Doors, settings: Any, accept: str, content: bytes
) -> None:
    settings.CHAT_ACCOUNT_QUEUE = 1

    async def scenario() -> None:
        handler = ASGIHandler()
        visits = [Visit(handler, f"/accounts/here/?as=a{number}") for number in range(3)]
        await doors.until_called("a0", "a1")
        status, headers, body = await Visit(handler, "/accounts/here/?as=a3", accept=accept).answer()
        assert (status, headers[b"Retry-After"]) == (503, b"10")
        assert content in body
        doors.may_go_on.set()
        assert [(await visit.answer())[0] for visit in visits] == [200] * 3
        assert "a3" not in doors.called

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("accept", "content"),
    [("text/html", b"Too many attempts. Try again in 7 s."), ("application/json", b'"code": "too_many"')],
)
def test_an_address_that_was_refused_is_refused_before_it_waits(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, accept: str, content: bytes
) -> None:
    until = {("203.0.113.5", "/accounts/here/"): time.monotonic() + 7}
    monkeypatch.setattr(refused_addresses, "_until", until)
    doors.may_go_on.set()

    def status(asked: str, method: str = "POST", address: str = "203.0.113.5") -> int:
        scope = get(asked, method, accept=accept) | {"query_string": b"as=a", "client": [address, 4711]}
        return int(serve(ASGIHandler(), scope, BODY)[0]["status"])

    scope = get("/accounts/here/", "POST", accept=accept) | {"client": ["203.0.113.5", 4711]}
    start, *body = serve(ASGIHandler(), scope, BODY)
    assert (start["status"], dict(start["headers"])[b"Retry-After"]) == (429, b"7")
    assert content in body[0]["body"]
    assert not doors.called
    assert status("/accounts/here/", "GET") == 200
    assert status("/accounts/oidc/there/") == 200
    assert status("/accounts/here/", address="203.0.113.6") == 200
    until["203.0.113.5", "/accounts/here/"] = time.monotonic()
    assert status("/accounts/here/") == 200
    assert not until


def test_who_leaves_while_waiting_is_never_served(doors: Doors) -> None:
    async def scenario() -> None:
        handler = ASGIHandler()
        visits = [Visit(handler, f"/accounts/here/?as=a{number}") for number in range(4)]
        await doors.until_called("a0", "a1")
        visits[2].leaves()
        await asyncio.wait_for(visits[2].task, 30)
        assert not visits[2].sent
        doors.may_go_on.set()
        for number in (0, 1, 3):
            assert (await visits[number].answer())[0] == 200
        assert "a2" not in doors.called

    asyncio.run(scenario())


def test_who_leaves_meanwhile_keeps_the_thread_until_it_is_done(doors: Doors) -> None:
    async def scenario() -> None:
        handler = ASGIHandler()
        visits = [Visit(handler, f"/accounts/here/?as=a{number}") for number in range(3)]
        await doors.until_called("a0", "a1")
        visits[0].leaves()
        await settled()
        assert not visits[0].task.done()
        doors.may_go_on.set()
        for visit in visits:
            await asyncio.wait_for(visit.task, 30)
        assert doors.ended == 3

    asyncio.run(scenario())


def test_who_sends_slowly_keeps_no_thread(doors: Doors) -> None:
    async def scenario() -> None:
        handler = ASGIHandler()
        begun = {"type": "http.request", "body": b"login=", "more_body": True}
        visits = [Visit(handler, f"/accounts/here/?as=a{number}", begun) for number in range(4)]
        await settled()
        assert not doors.called
        doors.may_go_on.set()
        assert (await Visit(handler, "/accounts/here/?as=b").answer())[0] == 200
        for visit in visits:
            visit.leaves()
            await asyncio.wait_for(visit.task, 30)
        assert list(doors.called) == ["b"]

    asyncio.run(scenario())


def test_a_large_body_waits_in_a_file(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bool] = []

    async def turn(threads: AccountThreads, address: str, leaving: Any) -> Any:
        kept.append(bodies.pop()._rolled)
        return await as_before(threads, address, leaving)

    async def read_body(handler: ASGIHandler, receive: Any) -> Any:
        bodies.append(await read_before(handler, receive))
        return bodies[-1]

    bodies: list[Any] = []
    as_before, read_before = AccountThreads.turn, ASGIHandler.read_body
    monkeypatch.setattr(AccountThreads, "turn", turn)
    monkeypatch.setattr(ASGIHandler, "read_body", read_body)
    for length, is_in_file in ((KEPT_BYTES, False), (KEPT_BYTES + 1, True)):
        body = {"type": "http.request", "body": b"x" * length}
        sent = serve(ASGIHandler(), get("/accounts/length/", "GET", length), body)
        assert sent[1]["body"] == b"%d" % length
        assert kept.pop() is is_in_file


def test_what_hashes_nothing_any_more_lets_others_go_on(doors: Doors) -> None:
    async def scenario() -> None:
        handler = ASGIHandler()
        visits = [Visit(handler, "/accounts/long/") for _ in range(5)]
        visits.append(Visit(handler, "/accounts/here/?as=a"))
        await doors.until_called("a")
        assert not any(visit.sent for visit in visits)
        doors.may_go_on.set()
        assert [(await visit.answer())[0] for visit in visits] == [200] * 6

    asyncio.run(scenario())


def test_an_error_ends_the_turn(doors: Doors) -> None:
    async def scenario() -> None:
        handler = ASGIHandler()
        statuses = [(await Visit(handler, "/accounts/here/").answer())[0] for _ in range(3)]  # it misses `as`
        assert statuses == [500] * 3

    asyncio.run(scenario())


def test_a_body_that_is_too_large_is_refused_there_too(doors: Doors) -> None:
    sent = serve(ASGIHandler(limit_all_bodies=True), get("/accounts/here/", "POST", 10**10), BODY)
    assert sent[0]["status"] == 413
