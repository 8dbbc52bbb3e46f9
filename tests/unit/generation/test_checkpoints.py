"""What answers have grown by, written by one task: once a second, and at once for who cannot go on before."""

import asyncio
import random
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from chat.conversations import messages
from chat.conversations.turns import Accepted, Question
from chat.core.endings import Status
from chat.core.reply import REASONING, TEXT
from chat.core.tool_parts import CALL
from chat.generation import checkpoints as module
from chat.generation.checkpoints import Checkpoints
from chat.generation.finishing import stop_stored
from chat.generation.run import Run, run_of
from chat.generation.storage import Storage
from chat.models import Message
from chat.models.threads import write_in_database

Test = Callable[[Checkpoints, list[Run]], Coroutine[Any, Any, None]]
PATIENCE = 60.0


@pytest.fixture
def accepted(committed: None) -> list[Accepted]:
    """Three answers that are to be written."""
    owner = User.objects.create(username=uuid.uuid4().hex)
    wishes = [Question(uuid.uuid4(), "Why?", None, "m") for _ in range(3)]
    return [messages.ask(owner.pk, uuid.uuid4(), wish, lambda: True) for wish in wishes]


def run(accepted: list[Accepted], test: Test) -> None:
    async def within_time() -> None:
        runs = [run_of(each) for each in accepted]
        by_id = {each.id: each for each in runs}
        checkpoints = Checkpoints(by_id, Storage(), lambda ids: None)
        checkpoints.begin()
        try:
            async with asyncio.timeout(PATIENCE):
                await test(checkpoints, runs)
        finally:
            by_id.clear()
            for each in runs:
                each.live.abandon()

    asyncio.run(within_time())


def stored(accepted: Accepted) -> list[tuple[str, str]]:
    return [(part.kind, part.text) for part in Message.objects.get(pk=accepted.generation.message_id).reply.parts()]


def test_what_is_stored_is_never_older_than_what_was(accepted: list[Accepted]) -> None:
    """Stores of several answers and checkpoints fall together in any order."""
    chance, written = random.Random(0), list[str]()

    async def write(checkpoints: Checkpoints, each: Run) -> None:
        for number in range(25):
            each.live.append(chance.choice([TEXT, REASONING]), f"{number} " * chance.randint(1, 300))
            await asyncio.sleep(chance.uniform(0, 0.02))
            if chance.random() < 0.5:
                each.live.append(CALL, f'{{"id": "{number}"}}')
                await checkpoints.store(each, lambda number=number: written.append(f"{each.id} {number}"))
                assert each.stored_position == each.live.reply.position
        await checkpoints.store(each)

    async def test(checkpoints: Checkpoints, runs: list[Run]) -> None:
        await asyncio.gather(*(write(checkpoints, each) for each in runs))
        replies.extend(each.live.reply.parts() for each in runs)

    replies = list[Any]()
    run(accepted, test)
    for each, parts in zip(accepted, replies, strict=True):
        assert stored(each) == [(part.kind, part.text) for part in parts]
    assert len(written) == len(set(written)) == sum(part.kind == CALL for parts in replies for part in parts)


def test_a_database_that_is_away_is_waited_for(accepted: list[Accepted], monkeypatch: pytest.MonkeyPatch) -> None:
    left = [2]

    async def away(function: Any, *args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise OperationalError("database is locked")
        return await write_in_database(function, *args, **kwargs)

    async def test(checkpoints: Checkpoints, runs: list[Run]) -> None:
        runs[0].live.append(TEXT, "Kept")
        storing = asyncio.create_task(checkpoints.store(runs[0]))
        while not runs[0].live.notices.unstored:
            await asyncio.sleep(0.01)
        assert not storing.done()
        await storing
        assert not runs[0].live.notices.unstored

    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.05)
    monkeypatch.setattr(module, "write_in_database", away)
    run(accepted, test)
    assert stored(accepted[0]) == [(TEXT, "Kept")]


def test_what_can_never_be_stored_is_said_to_who_waits(accepted: list[Accepted]) -> None:
    async def test(checkpoints: Checkpoints, runs: list[Run]) -> None:
        runs[0].live.append(TEXT, "Kept")
        with pytest.raises(KeyError):
            await checkpoints.store(runs[0], lambda: dict[str, str]()["nosuch"])
        await checkpoints.store(runs[0])

    run(accepted, test)
    assert stored(accepted[0]) == [(TEXT, "Kept")]


def test_who_has_ended_meanwhile_is_let_go_and_nothing_is_written(accepted: list[Accepted]) -> None:
    written = list[int]()

    async def test(checkpoints: Checkpoints, runs: list[Run]) -> None:
        assert await write_in_database(stop_stored, runs[0].id)
        runs[0].live.append(TEXT, "Late")
        storing = asyncio.create_task(checkpoints.store(runs[0], lambda: written.append(1)))
        assert await runs[0].stop is None
        storing.cancel()

    run(accepted, test)
    assert (stored(accepted[0]), written) == ([], [])
    assert Message.objects.get(pk=accepted[0].generation.message_id).generation.status == Status.STOPPED
