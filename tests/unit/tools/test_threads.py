"""The threads of tools: few, their own, and no user's all of them."""

import asyncio
import threading
from collections import Counter
from functools import partial
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection

from chat.tools.permits import Permits
from chat.tools.threads import OfUser, ToolThreads

WITHIN = 30


class Busy:
    """Work that is counted while it lasts, until it is let go."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.changed = threading.Condition()
        self.running = Counter[str]()

    def work(self, name: str) -> None:
        with self.changed:
            self.running[name] += 1
            self.changed.notify_all()
        self.free.wait(WITHIN)

    def wait_for(self, number: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.running.total() >= number, WITHIN)


def test_no_user_has_more_than_two_threads_and_all_have_eight() -> None:
    threads, busy = ToolThreads(), Busy()
    futures = [OfUser(threads, name).submit(busy.work, name) for name in ("alice",) * 5 + ("bob", "carol", "dora") * 3]
    busy.wait_for(8)
    assert busy.running == {"alice": 2, "bob": 2, "carol": 2, "dora": 2}
    assert threads.waiting == 6
    futures[4].cancel()  # one of alice's that waits
    busy.free.set()
    for future in futures[:4] + futures[5:]:
        future.result(WITHIN)
    assert busy.running == {"alice": 4, "bob": 3, "carol": 3, "dora": 3}
    assert threads.waiting == 0


@pytest.mark.django_db(transaction=True)
def test_four_hold_a_connection_at_once_and_those_that_need_none_run_beside_them() -> None:
    threads, busy = ToolThreads(connections=2), Busy()

    def asks(name: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            busy.work(name)
        return connection

    asking = [OfUser(threads, name).submit(asks, name) for name in ("alice", "bob", "carol", "dora")]
    busy.wait_for(2)
    others = [OfUser(threads, name).submit(busy.work, "beside") for name in ("alice", "bob", "carol", "dora")]
    busy.wait_for(6)
    assert busy.running.total() == 6
    assert busy.running["beside"] == 4
    busy.free.set()
    used = [each.result(WITHIN) for each in asking + others]
    assert busy.running.total() == 8
    assert len(used) == 8


def test_a_failure_takes_no_thread_and_no_permit(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = ToolThreads(number=1, per_user=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            OfUser(threads, "alice").submit(lambda: 1 / 0).result(WITHIN)
    permits = Permits(1)
    permits.take()
    permits.take()  # a thread needs one, whatever it opens
    permits.give_back()
    permits.give_back()
    permits.take()


def test_what_nobody_waits_for_any_more_is_counted_until_it_returns() -> None:
    threads, busy, begun = ToolThreads(number=1, per_user=1), Busy(), list[str]()

    async def ask() -> None:
        mine = OfUser(threads, "alice")
        running, waiting = (
            asyncio.create_task(mine.call(partial(busy.work, name), partial(begun.append, name)))
            for name in ("running", "waiting")
        )
        await asyncio.to_thread(busy.wait_for, 1)
        assert threads.given_up == 0
        running.cancel()
        waiting.cancel()
        await asyncio.wait({running, waiting})

    async_to_sync(ask)()
    assert set(begun) == {"running"}
    assert threads.given_up == 1  # the other one never began
    busy.free.set()
    OfUser(threads, "alice").submit(int).result(WITHIN)
    assert threads.given_up == 0
