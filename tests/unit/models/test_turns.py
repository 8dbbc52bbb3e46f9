"""Who is next for threads in which some things take minutes."""

import asyncio
import os
import select
import signal
import threading
from contextlib import suppress

from chat.models.threads import Pool
from chat.models.turns import FairThreads


class Works:
    """Calls of one kind; each goes on until it may end."""

    def __init__(self, pool: Pool) -> None:
        self._fair = FairThreads(pool, at_once=2, waiting=5, sentence="Too many.")
        self._may_end: dict[str, threading.Event] = {}
        self.begun: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, owner: int, name: str) -> None:
        self._may_end[name] = threading.Event()
        self._tasks.append(asyncio.create_task(self._fair.call(owner, self._work, name)))

    def _work(self, name: str) -> None:
        self.begun.append(name)
        self._may_end[name].wait(30)

    def end(self, *names: str) -> None:
        for name in names:
            self._may_end[name].set()

    async def until_begun(self, *names: str) -> None:
        async with asyncio.timeout(30):
            while self.begun != list(names):
                await asyncio.sleep(0.005)

    async def all_done(self) -> None:
        self.end(*self._may_end)
        await asyncio.wait_for(asyncio.gather(*self._tasks), 30)


def test_a_kind_leaves_a_thread_to_others_and_a_user_one_to_another() -> None:
    async def scenario() -> None:
        pool = Pool("long")
        imports, links = Works(pool), Works(pool)
        for owner, name in ((1, "ann's"), (1, "ann's second"), (2, "bob's"), (3, "carol's")):
            imports.begin(owner, name)
        await imports.until_begun("ann's", "bob's")
        links.begin(4, "dan's")
        await links.until_begun("dan's")
        imports.end("bob's")
        await imports.until_begun("ann's", "bob's", "carol's")
        imports.end("ann's", "carol's")
        await imports.until_begun("ann's", "bob's", "carol's", "ann's second")
        for works in (imports, links):
            await works.all_done()

    asyncio.run(scenario())


def test_a_process_that_is_forked_has_threads_of_its_own() -> None:
    pool = Pool("long")
    assert pool.wait(os.getpid) == os.getpid()
    reader, writer = os.pipe()
    if not (child := os.fork()):
        with suppress(BaseException):
            os.write(writer, str(pool.wait(os.getpid)).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as said:
        ready, _, _ = select.select([said], [], [], 30)
        os.kill(child, signal.SIGKILL)
        assert ready, "It waits for a thread of the other process"
        assert int(said.read()) == child
    os.waitpid(child, 0)
