"""What a question, a second of an answer and a message take of PostgreSQL and of Redis: to plan with."""

import threading
import time
from typing import Any

from servers import Wish
from several import Several, redis_server
from tools import cpu_seconds, load

STREAMS = 300
SECONDS = (4, 16)
"""Of the answers: what is between the two is a second's, what is left a question's."""
TOKENS_A_SECOND = 50
SETTLE_SECONDS = 3.0
"""PostgreSQL's counters are a moment late."""
MESSAGES = 20_000
BATCH = 20
BYTES = (200, 2_000, 20_000)

Figures = dict[str, Any]


def of_answers(several: Several) -> Figures:
    """What the database writes: for each second of an answer, and for its question and its ending."""
    with several.running(2):
        load(several, [several.request(Wish(20)) for _ in range(STREAMS)], over=2)
        few, many = (written(several, seconds) for seconds in SECONDS)
    between = SECONDS[1] - SECONDS[0]
    second = {name: (many[name] - few[name]) / between for name in few}
    question = {name: few[name] - second[name] * SECONDS[0] for name in few}
    return {"a second": second, "a question": question, "streams": STREAMS}


def written(several: Several, seconds: int) -> dict[str, float]:
    """For each answer of so many seconds; CPU in ms."""
    asked = [several.request(Wish(seconds * TOKENS_A_SECOND)) for _ in range(STREAMS)]
    before, cpu = several.database.written(), several.database.cpu()
    load(several, asked, over=2)
    time.sleep(SETTLE_SECONDS)
    after = several.database.written()
    found = {name: (after[name] - before[name]) / STREAMS for name in after}
    return found | {"cpu": (several.database.cpu() - cpu) / STREAMS * 1000}


def of_messages() -> dict[str, float]:
    """Microseconds of Redis's CPU for a message of so many bytes, to one process."""
    found = {}
    with redis_server() as server:
        for size in BYTES:
            found[str(size)] = of_message(server, size)
    return found


def of_message(server: Any, size: int) -> float:
    import redis

    with redis.Redis.from_url(server.url) as client, client.pubsub() as channel:
        channel.subscribe("process")
        channel.get_message(timeout=5)
        heard = threading.Thread(target=lambda: [channel.get_message(timeout=5) for _ in range(MESSAGES)])
        heard.start()
        before = cpu_seconds([server.pid])
        for _ in range(0, MESSAGES, BATCH):
            with client.pipeline(transaction=False) as pipeline:
                for _ in range(BATCH):
                    pipeline.publish("process", b"x" * size)
                pipeline.execute()
        heard.join()
        return (cpu_seconds([server.pid]) - before) / MESSAGES * 1e6
