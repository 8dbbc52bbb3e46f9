"""A follower's frames, read in the process: what takes too long, or is too rare, to be seen through a whole site."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore

from chat.core.reply import REASONING, TEXT, Part, Reply
from chat.live import follower, heartbeat
from chat.live.access import Access, Gone
from chat.live.access.watch import watch
from chat.live.events import frames_since, new_frames
from chat.live.exchange import LiveReply, exchange
from chat.live.heartbeat import KEEP_ALIVE_SECONDS
from chat.models import Conversation, Generation, Message
from tests.support.sse import Frame, FrameReader

pytestmark = pytest.mark.django_db  # readers in threads look at their connections before they are asked anything

PATIENCE = 30.0


class Followed:
    """A live reply of this process, and one stream of it."""

    def __init__(self, position: int | None = 0) -> None:
        conversation = Conversation(title="Greetings")
        parent = Message(conversation=conversation, role="user")
        answer = Message(conversation=conversation, role="assistant", parent=parent)
        self.generation = Generation(message=answer, model="m")
        self.live = LiveReply(conversation.pk)
        self.access = Access(1, "", "", SessionStore, None, conversation.pk)
        self._position = position
        self._reader = FrameReader()
        self._waiting: list[Frame] = []

    async def publish(self) -> None:
        await exchange.publish(self.generation.pk, self.live, lambda: None)
        self._stream: AsyncIterator[bytes] = follower.follow(self.generation, self._position, access=self.access)

    async def next(self) -> Frame:
        while not self._waiting:
            self._waiting = self._reader.feed(await anext(self._stream))
        return self._waiting.pop(0)

    async def is_over(self, *, for_good: bool = True) -> bool:
        """Is there nothing more but, `for_good`, that the reader need not come again?"""
        if for_good:
            assert (await self.next()).retry == "86400000"
        with pytest.raises(StopAsyncIteration):
            await self.next()
        return True


def run(test: Coroutine[Any, Any, None]) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(PATIENCE):
            await test

    asyncio.run(within_time())


def test_a_comment_keeps_a_silent_stream_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEEP_ALIVE_SECONDS <= 15
    monkeypatch.setattr(heartbeat, "KEEP_ALIVE_SECONDS", 0.01)

    async def test() -> None:
        followed = Followed()
        await followed.publish()
        frames = [await followed.next() for _ in range(5)]
        assert [frame.event for frame in frames[:2]] == [None, "start"]
        assert [frame.comment for frame in frames[2:]] == ["keep-alive"] * 3
        followed.live.append(TEXT, "Hello")
        while (frame := await followed.next()).comment:
            pass
        assert (frame.event, frame.id) == ("text", "5")

    run(test())


def test_a_new_title_is_told_without_an_id() -> None:
    async def test() -> None:
        followed = Followed()
        await followed.publish()
        assert (await followed.next()).retry == "1000"
        assert (await followed.next()).data["title"] == "Greetings"
        followed.live.append(TEXT, "Hello")
        assert (await followed.next()).event == "text"
        waiting = asyncio.create_task(followed.next())
        await asyncio.sleep(0)
        await exchange.retitle(followed.live.conversation_id, "Hellos")
        frame = await waiting
        assert (frame.event, frame.id, frame.data) == ("title", None, {"title": "Hellos"})

    run(test())


def test_that_it_cannot_be_stored_is_told_to_all_and_that_it_can_again() -> None:
    async def test() -> None:
        followed = Followed()
        await followed.publish()
        frames = [await followed.next() for _ in range(2)]
        waiting = asyncio.create_task(followed.next())
        await asyncio.sleep(0)
        for _ in range(3):  # tried again and again, and said once
            followed.live.wait_for_storage("This is not stored.")
        frames.append(await waiting)
        followed.live.append(TEXT, "Hello")
        frames.append(await followed.next())
        late = Followed()
        late.generation, late.live = followed.generation, followed.live
        await late.publish()
        said = [await late.next() for _ in range(4)]
        followed.live.wait_for_storage("")
        frames.append(await followed.next())
        assert [frame.event for frame in frames] == [None, "start", "storage", "text", "storage"]
        assert (frames[2].id, frames[2].data) == (None, {"status": "waiting", "message": "This is not stored."})
        assert frames[4].data == {"status": "stored", "message": ""}
        assert [frame.event for frame in said] == [None, "start", "text", "storage"]

    run(test())


def test_the_ending_follows_the_last_text_at_once() -> None:
    async def test() -> None:
        followed = Followed()
        await followed.publish()
        assert [(await followed.next()).event for _ in range(2)] == [None, "start"]
        waiting = asyncio.create_task(followed.next())
        await asyncio.sleep(0)
        followed.live.append(TEXT, "Hello")
        followed.live.end({"status": "complete", "message": ""})
        frames = [await waiting, await followed.next()]
        assert [(frame.event, frame.id) for frame in frames] == [("text", "5"), ("end", "5")]
        assert await followed.is_over()

    run(test())


@pytest.mark.parametrize("position", [None, 6])
def test_a_position_that_cannot_be_honoured_is_reset(position: int | None) -> None:
    async def test() -> None:
        followed = Followed(position)
        followed.live.append(TEXT, "Hello")
        await followed.publish()
        frames = [await followed.next() for _ in range(4)]
        assert [(frame.event, frame.id) for frame in frames[1:]] == [("start", "0"), ("reset", "0"), ("text", "5")]

    run(test())


def test_a_reply_that_was_deleted_ends_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "_read_stored", lambda generation_id: None)

    async def test() -> None:
        followed = Followed()
        await followed.publish()
        await exchange.withdraw(followed.generation.pk)
        assert [(await followed.next()).event for _ in range(2)] == [None, "start"]
        frame = await followed.next()
        assert (frame.event, frame.id, frame.data["code"]) == ("gone", None, "deleted")
        assert await followed.is_over()

    run(test())


@pytest.mark.parametrize("gone", Gone)
def test_who_may_not_read_any_more_is_told_at_once_and_last(gone: Gone) -> None:
    async def test() -> None:
        followed = Followed()
        await followed.publish()
        assert [(await followed.next()).event for _ in range(2)] == [None, "start"]
        waiting = asyncio.create_task(followed.next())
        await asyncio.sleep(0)
        followed.live.append(TEXT, "Not for you")
        followed.access.end(gone)
        frame = await waiting
        assert (frame.event, frame.id, frame.data["code"]) == ("gone", None, gone)
        assert frame.data["message"]
        assert await followed.is_over(for_good=gone != Gone.LOGGED_OUT)
        assert followed.access not in watch._open

    run(test())


def test_the_frames_of_many_parts_cost_no_more_than_their_length() -> None:
    reply = Reply()
    for number in range(20_000):
        reply.append(REASONING if number % 2 else TEXT, "x")
        reply.append("tool", "{}")
    began = time.process_time()  # of this process alone: the machine may be busy
    frames, sent = frames_since(reply, 0)
    assert time.process_time() - began < 4, "As long as the square of their number"
    assert (frames.count(b"\n\n"), sent) == (40_000, 40_000)


@pytest.mark.parametrize(("kind", "text"), [("end", "{}"), ("reset", "{}"), ("gone", "{}"), ("made_up", "no JSON")])
def test_what_a_file_has_forged_counts_and_is_not_shown(kind: str, text: str) -> None:
    """Sites have stored such parts, from files that they took before they looked at the kinds."""
    frames, sent = frames_since(Reply([Part(TEXT, "a"), Part(kind, text), Part(TEXT, "b")]), 0)
    assert (frames.count(b"event: "), frames.count(b"event: text"), sent) == (2, 2, 3)


def test_followers_at_the_same_place_share_their_frames() -> None:
    async def test() -> None:
        live = LiveReply(Conversation().pk)
        live.append(TEXT, "Hello")
        frames, sent = new_frames(live, 0)
        assert new_frames(live, 0) == (frames, 5)
        assert new_frames(live, 0)[0] is frames
        live.append(TEXT, "!")
        assert b"!" in new_frames(live, sent)[0]
        assert new_frames(live, 9)[0].startswith(b"event: reset\ndata: {}\nid: 0\n")

    run(test())
