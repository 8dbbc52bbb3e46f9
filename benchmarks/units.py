"""What a question, a second of an answer and a message take of the site, of PostgreSQL and of Redis: to plan with."""

import threading
import time
import uuid
from typing import Any

from servers import Wish
from several import REDIS, SITE, Several, redis_server
from tools import cpu_seconds, load

STREAMS = 300
SECONDS = (4, 16)
"""Of the answers: what is between the two is a second's, what is left a question's."""
TOKENS_A_SECOND = 50
SETTLE_SECONDS = 3.0
"""PostgreSQL's counters are a moment late."""
MESSAGES = 10_000
BATCH = 20
BYTES = (200, 2_000, 20_000)
HEARERS = 20
HINTS = (1, 20)
"""In a message that is heard."""
HEARD = 2_000

Figures = dict[str, Any]


def of_answers(several: Several) -> Figures:
    """For each second of an answer, and for its question and its ending."""
    with several.running(2):
        load(several, [several.request(Wish(20)) for _ in range(STREAMS)], over=2)
        few, many = (taken(several, seconds) for seconds in SECONDS)
    between = SECONDS[1] - SECONDS[0]
    second = {name: (many[name] - few[name]) / between for name in few}
    question = {name: few[name] - second[name] * SECONDS[0] for name in few}
    return {"a second": second, "a question": question, "streams": STREAMS}


def taken(several: Several, seconds: int) -> dict[str, float]:
    """For each answer of so many seconds; CPU in ms."""
    asked = [several.request(Wish(seconds * TOKENS_A_SECOND)) for _ in range(STREAMS)]
    before = several.database.written()
    with several.spending() as spent:
        load(several, asked, over=2)
        time.sleep(SETTLE_SECONDS)
    after = several.database.written()
    found = {name: (after[name] - before[name]) / STREAMS for name in after}
    cpu = {"site": spent[SITE], "database": spent[several.database.name], "redis": spent[REDIS]}
    return found | {name: seconds / STREAMS * 1000 for name, seconds in cpu.items()}


def of_messages() -> dict[str, float]:
    """Microseconds of Redis's CPU for a message of so many bytes, to one process; and of one to many, for each."""
    with redis_server() as server:
        # What these readers, which are slow, have not read yet may be as much as it will.
        server.ask("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0")
        found = {str(size): of_message(server, size) for size in BYTES}
        found["delivered"] = of_message(server, BYTES[0], HEARERS) / HEARERS
    return found


def of_message(server: Any, size: int, hearers: int = 1) -> float:
    import redis

    count = MESSAGES // hearers
    with redis.Redis.from_url(server.url) as client:
        channels = [client.pubsub() for _ in range(hearers)]
        for channel in channels:
            channel.subscribe("process")
            channel.get_message(timeout=5)
        hearing = [threading.Thread(target=_hear, args=[channel, count]) for channel in channels]
        for thread in hearing:
            thread.start()
        before = cpu_seconds([server.pid])
        for _ in range(0, count, BATCH):
            with client.pipeline(transaction=False) as pipeline:
                for _ in range(BATCH):
                    pipeline.publish("process", b"x" * size)
                pipeline.execute()
        for thread in hearing:
            thread.join()
        took = cpu_seconds([server.pid]) - before
        for channel in channels:
            channel.close()
    return took / count * 1e6


def _hear(channel: Any, count: int) -> None:
    for _ in range(count):
        channel.get_message(timeout=5)


def of_hints(several: Several) -> dict[str, float]:
    """Microseconds of a process's CPU to hear what another one tells all: for a message, and for each hint in it."""
    with several.running(2):
        few, many = (heard(several, hints) for hints in HINTS)
    hint = (many - few) / (HINTS[1] - HINTS[0])
    return {"hint": hint, "message": few - hint * HINTS[0]}


def heard(several: Several, hints: int) -> float:
    from chat.live.exchange import messages
    from chat.live.exchange.bus import ALL
    from chat.live.exchange.redis import CHANNEL

    owners = [str(person.user_id) for person in several.filled]
    told = [
        messages.encoded(
            "another", messages.NOTE, [["hint", owner, "list", str(uuid.uuid4()), "", ""] for owner in some]
        )
        for some in ([owners[(at + n) % len(owners)] for n in range(hints)] for at in range(HEARD))
    ]
    before = cpu_seconds(several.pids)
    for at in range(0, HEARD, BATCH):
        several.tell(CHANNEL + ALL, told[at : at + BATCH])
        time.sleep(0.01)
    time.sleep(1)
    return (cpu_seconds(several.pids) - before) / HEARD / len(several.processes) * 1e6
