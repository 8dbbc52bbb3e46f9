"""The exchange of many processes: the contract over a Redis, and over a bus that drops, doubles and delays."""

import asyncio
import random
import re
import signal
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chat.core.reply import REASONING, TEXT
from chat.core.tool_parts import CALL
from chat.live import redis_client
from chat.live.exchange import Exchange, audience, messages, mirrors
from chat.live.exchange import redis as redis_module
from chat.live.exchange.bus import ALL, Bus
from chat.live.exchange.mirror import Mirror
from chat.live.exchange.redis import RedisBus
from chat.live.exchange.shared import SharedExchange
from tests.support.nginx import PAGE as DEPLOY_PAGE
from tests.support.nginx import write_certificate
from tests.support.redis import RedisServer
from tests.unit.live.test_exchange import (
    ENDING,
    PATIENCE,
    Database,
    ExchangeContract,
    Process,
    followed,
    live_reply,
    no_stop,
)


class LocalBus(Bus):
    """Between exchanges of this process. What happens to a message is for those that inherit it."""

    is_up = True

    def __init__(self, name: str, all_of_them: dict[str, "LocalBus"]) -> None:
        self._name = name
        self._others = all_of_them
        self._others[name] = self
        self.sent: list[tuple[str, messages.Message]] = []

    @property
    def name(self) -> str:
        return self._name

    def start(self, hear: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        self.hear, self.lost = hear, lost

    def send(self, process: str, message: bytes) -> None:
        self.sent.append((process, messages.decoded(message)))
        for delay in self.arrivals():
            asyncio.get_running_loop().call_later(delay, self._arrive, process, message)

    def arrivals(self) -> list[float]:
        """After how many seconds it arrives; none if never."""
        return [0.0]

    async def close(self) -> None:
        self._others.pop(self._name, None)

    def _arrive(self, process: str, message: bytes) -> None:
        for name, bus in list(self._others.items()):
            if process in (name, ALL):
                bus.hear(message)

    def kinds(self) -> list[str]:
        return [message.kind for _, message in self.sent]


class FaultyBus(LocalBus):
    """Of five messages one is lost, one comes twice, and each overtakes others."""

    chance = random.Random(0)

    def arrivals(self) -> list[float]:
        times = self.chance.choice([0, 1, 1, 1, 2])
        return [self.chance.uniform(0, 0.02) for _ in range(times)]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds takes a hundredth of them."""
    for module, name in [
        (audience, "IDLE_SECONDS"),
        (mirrors, "BEAT_SECONDS"),
        (mirrors, "RENEW_SECONDS"),
        (mirrors, "SILENT_SECONDS"),
        (mirrors, "REST_SECONDS"),
        (mirrors, "LONGEST_REST_SECONDS"),
        (mirrors, "YOUNG_SECONDS"),
    ]:
        monkeypatch.setattr(module, name, getattr(module, name) / 20)


async def is_true(condition: Callable[[], object]) -> None:
    """Once it is."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def two_exchanges(one: Bus, other: Bus) -> AsyncIterator[tuple[SharedExchange, SharedExchange]]:
    exchanges = SharedExchange(one), SharedExchange(other)
    for exchange in exchanges:
        exchange.mirror(uuid.uuid4(), "", uuid.uuid4(), ())  # begins to listen
    await is_true(lambda: one.is_up and other.is_up)
    yield exchanges
    for exchange in exchanges:
        await exchange.close()


class TestRedisExchange(ExchangeContract):
    @pytest.fixture(autouse=True)
    def _server(self, redis_server: RedisServer) -> None:
        self.url = redis_server.url

    @asynccontextmanager
    async def exchanges(self) -> AsyncIterator[tuple[Exchange, Exchange]]:
        async with two_exchanges(*buses(self.url)) as both:
            yield both


def buses(url: str) -> tuple[RedisBus, RedisBus]:
    """Of two processes that no other test has. The first is called "here", with a number."""
    mark = uuid.uuid4().hex[:8]
    return RedisBus(url, f"here-{mark}"), RedisBus(url, f"there-{mark}")


@pytest.mark.usefixtures("hurried")
class TestFaultyExchange(ExchangeContract):
    """What is said is lost, doubled and late; what is read is right all the same."""

    @pytest.fixture(autouse=True)
    def _chance(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(FaultyBus, "chance", random.Random(0))

    @asynccontextmanager
    async def exchanges(self) -> AsyncIterator[tuple[Exchange, Exchange]]:
        all_of_them: dict[str, LocalBus] = {}
        async with two_exchanges(FaultyBus("here", all_of_them), FaultyBus("there", all_of_them)) as both:
            yield both

    def test_stop_reaches_the_generation(self, generation_id: uuid.UUID) -> None:
        """Where it is lost, whoever runs it reads it at the next checkpoint; here it is said again."""

        async def test(here: Process, there: Process) -> None:
            stopped = asyncio.Event()
            await here.publish(generation_id, live_reply(), stopped.set)
            while not stopped.is_set():
                assert await there.stop(generation_id)
                await asyncio.sleep(0.02)

        self.run(test)

    def test_a_new_title_reaches_who_follows_in_that_conversation(self, generation_id: uuid.UUID) -> None:
        """Where it is lost, it is there when the page is loaded; here it is said again."""

        async def test(here: Process, there: Process) -> None:
            live = live_reply()
            await here.publish(generation_id, live, no_stop)
            while not (found := await there.find(generation_id)) or found.notices.title != "Titles":
                await there.retitle(live.conversation_id, "Titles")
                await asyncio.sleep(0.02)

        self.run(test)

    @pytest.mark.parametrize("seed", range(5))
    def test_nothing_is_missing_doubled_or_out_of_place(
        self, seed: int, generation_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(FaultyBus, "chance", random.Random(seed))

        async def test(here: Process, there: Process) -> None:
            live = live_reply("Begun ")
            await here.publish(generation_id, live, no_stop)
            following = [asyncio.create_task(followed(there, generation_id)) for _ in range(3)]
            for number in range(60):
                live.append(REASONING if number % 7 == 0 else TEXT, f"{number} ")
                if number % 11 == 0:
                    live.append(CALL, f'{{"id": "{number}"}}')
                await asyncio.sleep(0.005)
            live.end(ENDING)
            await here.withdraw(generation_id)
            assert await asyncio.gather(*following) == [(live.reply.parts(), ENDING)] * 3

        self.run(test)


# What is said, and what is believed


class Two:
    """Two processes over a bus that does its work, and a reply that the first one writes."""

    def __init__(self, here: Any, there: Any, exchanges: tuple[SharedExchange, SharedExchange]) -> None:
        self.here_bus, self.there_bus = here, there
        database = Database()
        self.here, self.there = (Process(exchange, database) for exchange in exchanges)
        self.generation_id = uuid.uuid4()
        self.live = live_reply("Begun")

    async def begin(self) -> Mirror:
        await self.here.publish(self.generation_id, self.live, no_stop)
        return await self.mirror()

    async def mirror(self) -> Mirror:
        found = await self.there.find(self.generation_id)
        assert isinstance(found, Mirror)
        return found

    async def is_mirrored(self) -> None:
        """Once all that is written is there. Where the mirror is thrown away, in another one."""
        async with asyncio.timeout(PATIENCE):
            while (await self.mirror()).reply.parts() != self.live.reply.parts():
                await asyncio.sleep(0.01)

    def forge(self, sender: str, kind: str, *entries: Any) -> None:
        self.there_bus.hear(messages.encoded(sender, kind, entries))


@asynccontextmanager
async def two_processes() -> AsyncIterator[Two]:
    all_of_them: dict[str, LocalBus] = {}
    here, there = LocalBus("here", all_of_them), LocalBus("there", all_of_them)
    async with asyncio.timeout(PATIENCE), two_exchanges(here, there) as exchanges:
        yield Two(here, there, exchanges)


def test_what_is_written_is_there_at_once_and_told_in_one_message_for_all() -> None:
    async def test() -> None:
        async with two_processes() as two:
            await two.begin()
            await two.is_mirrored()
            others = [live_reply() for _ in range(20)]
            ids = [uuid.uuid4() for _ in others]
            for pk, live in zip(ids, others, strict=True):
                await two.here.publish(pk, live, no_stop)
                assert await two.there.find(pk)
            await asyncio.sleep(0.1)
            asked = [len(message.entries) for _, message in two.there_bus.sent if message.kind == messages.ASK]
            assert asked == [21], "What is wished for in one turn is one message"
            two.here_bus.sent.clear()
            for live in others:
                live.append(TEXT, "Hello")
            mirrors = [await two.there.find(pk) for pk in ids]
            await is_true(lambda: all(mirror.reply.text == "Hello" for mirror in mirrors))
            told = [message for _, message in two.here_bus.sent if len(message.entries) > 1]
            assert [len(message.entries) for message in told[:1]] == [20]

    asyncio.run(test())


def test_nothing_is_sent_that_nobody_asked_for() -> None:
    async def test() -> None:
        async with two_processes() as two:
            await two.here.publish(two.generation_id, two.live, no_stop)
            for _ in range(10):
                two.live.append(TEXT, "Hello")
                await asyncio.sleep(0.01)
            two.live.end(ENDING)
            await two.here.withdraw(two.generation_id)
            await asyncio.sleep(0.1)
            assert two.here_bus.sent == two.there_bus.sent == []

    asyncio.run(test())


@pytest.mark.usefixtures("hurried")
def test_interest_is_one_for_all_followers_and_lapses_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrors, "UNWANTED_SECONDS", 0.1)
    monkeypatch.setattr(audience, "LAPSE_SECONDS", 0.5)
    _be_patient(monkeypatch)

    async def test() -> None:
        async with two_processes() as two:
            mirror = await two.begin()
            assert await two.mirror() is await two.mirror() is mirror
            following = [asyncio.create_task(followed(two.there, two.generation_id)) for _ in range(5)]
            await is_true(lambda: two.there_bus.kinds().count(messages.ASK) > 8)  # it is renewed
            assert not mirror.is_over
            for task in following:
                task.cancel()
            await is_true(lambda: mirror.is_over)
            audience_here: Any = two.here.exchange
            await is_true(lambda: not audience_here._audience._asked)
            two.here_bus.sent.clear()
            two.live.append(TEXT, "to nobody")
            await asyncio.sleep(0.1)
            assert two.here_bus.sent == []

    asyncio.run(test())


def _be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is silent for longer than hurried processes may be."""
    for name in ("SILENT_SECONDS", "YOUNG_SECONDS"):
        monkeypatch.setattr(mirrors, name, 30.0)


@pytest.mark.usefixtures("hurried")
def test_where_nothing_is_written_the_position_is_told_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _be_patient(monkeypatch)

    async def test() -> None:
        async with two_processes() as two:
            mirror = await two.begin()
            await is_true(lambda: len(two.here_bus.sent) > 5)
            assert all(message.entries[0][2:] == [5, [], False, None, ""] for _, message in two.here_bus.sent)
            assert not mirror.is_over

    asyncio.run(test())


@pytest.mark.parametrize("position", [4, 6, 0])
def test_what_does_not_join_throws_the_mirror_away_and_the_next_one_is_right(position: int) -> None:
    async def test() -> None:
        async with two_processes() as two:
            mirror = await two.begin()
            await two.is_mirrored()
            mirror.begun_at -= mirrors.YOUNG_SECONDS  # it need not rest
            said = [two.generation_id.hex, mirror.number, position, [[TEXT, "Forged"]], False, None, ""]
            two.forge("here", messages.NEWS, said)
            assert mirror.is_over
            assert mirror.ending is None
            two.live.append(TEXT, " and right")
            await two.is_mirrored()
            assert await two.mirror() is not mirror

    asyncio.run(test())


@pytest.mark.usefixtures("hurried")
def test_of_whom_nothing_is_heard_is_asked_more_and_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a process of another version."""
    monkeypatch.setattr(LocalBus, "arrivals", lambda self: [])

    async def test() -> None:
        async with two_processes() as two:
            first = await two.begin()
            began = asyncio.get_running_loop().time()
            for _ in range(3):
                await (await two.mirror()).news(5)
            assert first.is_over
            rests = mirrors.REST_SECONDS * (1 + 2)
            assert asyncio.get_running_loop().time() - began >= rests

    asyncio.run(test())


def test_what_another_process_says_of_it_or_to_an_earlier_mirror_is_not_heard() -> None:
    async def test() -> None:
        async with two_processes() as two:
            mirror = await two.begin()
            await two.is_mirrored()
            key = two.generation_id.hex
            two.forge("else", messages.NEWS, [key, mirror.number, 5, [[TEXT, "Forged"]], True, "Forged", ""])
            two.forge("here", messages.NEWS, [key, mirror.number - 1, 5, [[TEXT, "Forged"]], True, "Forged", ""])
            two.forge("else", messages.STOP, [key])
            two.forge("here", messages.NEWS, [uuid.uuid4().hex, 1, 0, [[TEXT, "Forged"]], True, None, ""])
            assert (mirror.reply.text, mirror.notices.title, mirror.is_over) == ("Begun", None, False)

    asyncio.run(test())


def test_a_note_is_told_to_all_others_once(redis_server: RedisServer) -> None:
    async def test() -> None:
        async with two_at(redis_server.url) as two:
            heard: dict[str, list[tuple[str, ...]]] = {"here": [], "there": []}
            two.here.exchange.hear_note, two.there.exchange.hear_note = (heard[name].append for name in heard)
            for exchange in (two.here.exchange, two.there.exchange):
                exchange.open()
            for _ in range(3):  # from a thread, as after a transaction
                await asyncio.to_thread(two.here.exchange.tell_all, ("hint", "1", "é"))
            await is_true(lambda: heard["there"])
            two.there.exchange.tell_all(("hint", "2"))
            await is_true(lambda: heard["here"])
            assert heard == {"here": [("hint", "2")], "there": [("hint", "1", "é")]}

    asyncio.run(test())


def test_an_ending_is_read_in_the_database_alone() -> None:
    async def test() -> None:
        async with two_processes() as two:
            mirror = await two.begin()
            await two.is_mirrored()
            two.forge("here", messages.NEWS, [two.generation_id.hex, mirror.number, 5, [], True, None, ""])
            assert (mirror.is_over, mirror.ending) == (True, None)
            assert await two.there.find(two.generation_id), "It still runs"

    asyncio.run(test())


def test_a_stop_that_the_database_knows_nothing_of_is_none() -> None:
    async def test() -> None:
        async with two_processes() as two:
            await two.begin()  # whose stop fails the test
            two.here_bus.hear(messages.encoded("there", messages.STOP, [[two.generation_id.hex]]))
            await two.is_mirrored()

    asyncio.run(test())


@pytest.mark.usefixtures("hurried")
def test_a_process_that_says_nothing_any_more_is_followed_in_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with two_processes() as two:
            mirror = await two.begin()
            await two.is_mirrored()
            monkeypatch.setattr(LocalBus, "arrivals", lambda self: [])
            await mirror.news(5)
            assert mirror.is_over
            exchange = two.there.exchange
            assert exchange.mirror(two.generation_id, "here", two.live.conversation_id, ()) is None, "It rests"
            monkeypatch.undo()
            await two.is_mirrored()

    asyncio.run(test())


UNREADABLE: dict[str, bytes] = {
    "no JSON": b"\xff",
    "no message": b"{}",
    "of another version": b'[2,"else","news",[]]',
    "of no kind": b'[1,"else","what",[]]',
    "without entries": b'[1,"else","news",5]',
    "no news": b'[1,"else","news",[["x",1,0,[["text"]],false,null,""]]]',
    "no wish": b'[1,"else","ask",[["x",1,-1]]]',
    "no id": b'[1,"else","stop",[["x"]]]',
    "no title": b'[1,"else","title",[["x","y"]]]',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_disturbs_nothing_and_is_said_once(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with two_processes() as two:
            mirror = await two.begin()
            for bus in (two.here_bus, two.there_bus):
                for _ in range(3):
                    bus.hear(data)
            two.live.append(TEXT, " again")
            await two.is_mirrored()
            assert not mirror.is_over

    asyncio.run(test())
    assert len(caplog.records) == (0 if b"what" in data else 2), "Each of the two once"


# Redis


@asynccontextmanager
async def two_at(url: str) -> AsyncIterator[Two]:
    here, there = buses(url)
    async with asyncio.timeout(PATIENCE), two_exchanges(here, there) as exchanges:
        yield Two(here, there, exchanges)


@pytest.fixture
def own_redis(redis_program: str) -> Iterator[RedisServer]:
    """One that a test may harm."""
    with RedisServer(redis_program) as server:
        yield server


def test_a_title_a_stop_and_all_text_go_over_redis_and_nothing_stays_there(redis_server: RedisServer) -> None:
    async def test() -> None:
        async with two_at(redis_server.url) as two:
            mirror = await two.begin()
            for number in range(20):
                two.live.append(TEXT, f"{number} é\N{GRINNING FACE}")
                await asyncio.sleep(0.005)
            await two.is_mirrored()
            assert not mirror.is_over, "It was this one all the time"
            two.live.retitle("Titles")
            await is_true(lambda: mirror.notices.title == "Titles")
            assert redis_server.ask("DBSIZE") == 0
            two.live.end(ENDING)
            await is_true(lambda: mirror.is_over)
            assert mirror.reply.parts() == two.live.reply.parts(), "The last text comes before the end"
        assert redis_server.ask("KEYS", "*") == []

    asyncio.run(test())


def test_redis_is_asked_for_nothing_while_nobody_follows_elsewhere(redis_server: RedisServer) -> None:
    async def test() -> None:
        async with two_at(redis_server.url) as two:
            published = redis_server.published()
            await two.here.publish(two.generation_id, two.live, no_stop)
            for _ in range(10):
                two.live.append(TEXT, "Hello")
                await asyncio.sleep(0.01)
            two.live.end(ENDING)
            await two.here.withdraw(two.generation_id)
            await asyncio.sleep(0.1)
            assert redis_server.published() == published

    asyncio.run(test())


@pytest.mark.parametrize("harm", [("FLUSHALL",), ("CONFIG", "SET", "maxmemory", "1")], ids=["flushed", "full"])
def test_flushed_or_full_it_goes_on(own_redis: RedisServer, harm: tuple[str, ...]) -> None:
    async def test() -> None:
        async with two_at(own_redis.url) as two:
            mirror = await two.begin()
            own_redis.ask(*harm)
            two.live.append(TEXT, " and on")
            await two.is_mirrored()
            assert not mirror.is_over

    asyncio.run(test())


def test_away_and_there_again(own_redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Killed and started again, with other connections: who follows reads the database, and comes back."""

    async def test() -> None:
        async with two_at(own_redis.url) as two:
            mirror = await two.begin()
            await two.is_mirrored()
            own_redis.kill()
            await mirror.news(5)
            assert mirror.is_over, "Who follows reads the database at once"
            assert two.there.exchange.mirror(two.generation_id, two.here.name, uuid.uuid4(), ()) is None
            two.live.append(TEXT, " meanwhile")
            assert not await two.there.exchange.stop(two.generation_id, two.here.name), "Which waits for nothing"
            own_redis.start()
            await two.is_mirrored()
            await is_true(lambda: two.here_bus.is_up and two.there_bus.is_up)

    asyncio.run(test())
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"], "Each of the two says it once"


def test_away_at_the_start(own_redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    own_redis.kill()

    async def test() -> None:
        here, there = buses(own_redis.url)
        two = Two(here, there, (SharedExchange(here), SharedExchange(there)))
        await two.here.publish(two.generation_id, two.live, no_stop)
        assert await two.here.find(two.generation_id) is two.live
        async with asyncio.timeout(PATIENCE):
            waiting = asyncio.create_task(two.mirror())
            await is_true(lambda: len(caplog.records) == 2)
            own_redis.start()
            await waiting
            await two.is_mirrored()
        for process in (two.here, two.there):
            await process.exchange.close()

    asyncio.run(test())
    assert len(caplog.records) == 2, "Each of the two says it once"


def test_one_that_does_not_answer_holds_nobody_up(own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_module, "QUEUE_BYTES", 10_000)
    monkeypatch.setattr(redis_client, "ANSWER_SECONDS", 0.5)

    async def test() -> None:
        async with two_at(own_redis.url) as two:
            mirror = await two.begin()
            await two.is_mirrored()
            own_redis.send(signal.SIGSTOP)
            for _ in range(100):
                two.live.append(TEXT, "x" * 1000)
                await asyncio.sleep(0.005)
            assert two.here_bus._bytes <= 20_000, "What has no room is dropped"
            await mirror.news(5)
            assert mirror.is_over, "Nothing is heard of it any more"
            own_redis.send(signal.SIGCONT)
            await two.is_mirrored()

    asyncio.run(test())


def test_over_tls_by_a_user_who_may_do_no_more_than_docs_say(redis_program: str, tmp_path: Path) -> None:
    write_certificate(tmp_path / "cert.pem", tmp_path / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (rights,) = re.findall(r"`(resetchannels [^`]+)`", DEPLOY_PAGE.read_text())
    options = f"--port 0 --tls-port {port} --tls-auth-clients no --tls-cert-file {tmp_path}/cert.pem"
    options += f" --tls-key-file {tmp_path}/key.pem --tls-ca-cert-file {tmp_path}/cert.pem"
    options += f" --user default off --user chatsite on >se/cret {rights}"
    url = f"rediss://chatsite:se%2Fcret@127.0.0.1:{port}/?ssl_ca_certs={tmp_path}/cert.pem&ssl_check_hostname=False"

    async def test() -> None:
        async with two_at(url) as two:
            mirror = await two.begin()
            two.live.append(TEXT, " and on")
            await two.is_mirrored()
            assert not mirror.is_over

    with RedisServer(redis_program, url, tuple(options.split())):
        asyncio.run(test())
