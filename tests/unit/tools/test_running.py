"""A call of a tool, from a model's words to what it is told."""

import asyncio
import logging
import threading
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.utils import timezone, translation

from chat.core.tool_parts import Call, Outcome
from chat.models import Conversation
from chat.tools import Context, ToolError
from chat.tools.base import Unanswered
from chat.tools.python import made
from chat.tools.reader import Reader
from chat.tools.running import run
from chat.tools.toolbox import Toolbox
from tests.support.waiting import eventually
from tests.unit.tools.conftest import RunTool

WITHIN = 30


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("chat"), "propagate", True)
    return caplog


def test_a_call_ends_in_one_of_these_ways(
    run_tool: RunTool, owned: tuple[User, Conversation], log: pytest.LogCaptureFixture, settings: Any
) -> None:
    settings.CHAT_TOOL_CHARS = 10

    def greet(context: Context, name: str) -> Any:
        """Says hello."""
        context.source("Greetings", "/greetings/")
        match name:
            case "error":
                raise ToolError("Nobody")
            case "fault":
                raise KeyError(name * 2)
            case "exit":
                raise SystemExit(3)
            case "rows":
                return User.objects.all()
            case "time":
                raise TimeoutError
            case "sums":
                return {"user": context.user.pk == owned[0].pk, "c": context.conversation == owned[1]}
        return f"Hello {name}"

    async def greet_async(context: Context, name: str) -> Any:
        """Says hello."""
        return greet(context, name)

    async def test(greet: Any) -> None:
        ran = await run_tool(greet, {"name": "Bob"})
        assert (ran.status, ran.content) == (Outcome.DONE, "Hello Bob")
        assert ran.sources == (("Greetings", "/greetings/", ""),)
        assert 0 <= ran.seconds < WITHIN
        ran = await run_tool(greet, {"name": "Alexander"})
        assert (ran.status, ran.content[:22]) == (Outcome.DONE, "Hello Alex\n[Cut here: ")
        settings.CHAT_TOOL_CHARS = 300
        assert (await run_tool(greet, {"name": "sums"})).content == '{"user": true, "c": true}'
        ran = await run_tool(greet, {"name": "error"})
        assert (ran.status, ran.content) == (Outcome.FAILED, "Nobody")
        for name in ("fault", "exit", "rows", "time"):
            log.clear()
            ran = await run_tool(greet, {"name": name})
            assert ran.status == Outcome.FAILED
            call = ran.content.split()[-1].rstrip(".")
            assert ran.content == f"The tool failed. Those who run this site find it in their log by {call}."
            assert call in log.text
            assert "faultfault" not in log.text
            assert ("query set" in log.text) is (name == "rows")
        ran = await run_tool(greet, {"name": 5})
        assert ran.status == Outcome.INVALID
        assert ran.content == "These are no arguments of this tool. name: Input should be a valid string"
        ran = await run_tool(greet, "{name")
        assert ran.status == Outcome.INVALID
        settings.CHAT_TOOL_CHARS = 10

    asyncio.run(test(greet))
    asyncio.run(test(greet_async))


def test_a_developer_is_told_what_failed(run_tool: RunTool, settings: Any) -> None:
    settings.DEBUG = True

    def rows() -> Any:
        """All."""
        return User.objects.all()

    assert "list(orders.values(" in asyncio.run(run_tool(rows)).content


def test_what_there_is_not_and_what_is_not_theirs_does_not_run(
    run_tool: RunTool, owned: tuple[User, Conversation]
) -> None:
    user, conversation = owned
    ran = list[str]()

    def change(context: Context) -> str:
        """Changes something."""
        ran.append(context.user.username)
        return "done"

    async def status(toolbox: Toolbox, owner: Any = user, name: str = "change") -> Outcome:
        call = Call(str(uuid4()), name, "", {})
        return (
            await run(toolbox, call, owner_id=owner.pk, conversation_id=conversation.pk, message_id=uuid4())
        ).status

    def only(**options: Any) -> Toolbox:
        return Toolbox({"change": made(change, **options)})

    async def test() -> None:
        assert await status(only(), name="chance") == Outcome.INVALID
        assert await status(only(permission="chat.view_conversation")) == Outcome.FORBIDDEN
        assert await status(only(permission=["chat.view_conversation", "auth.view_user"])) == Outcome.FORBIDDEN
        assert await status(only(available=lambda user: user.is_staff)) == Outcome.FORBIDDEN
        assert await status(only(available=lambda user: 1 / 0)) == Outcome.FORBIDDEN
        other = await User.objects.acreate(username=f"other-{uuid4()}", is_superuser=True)
        assert await status(only(), owner=other) == Outcome.FORBIDDEN  # it is not their conversation
        await User.objects.filter(pk=user.pk).aupdate(is_active=False)
        assert await status(only()) == Outcome.FORBIDDEN
        await User.objects.filter(pk=user.pk).aupdate(is_active=True)
        assert ran == []
        await User.objects.filter(pk=user.pk).aupdate(is_superuser=True)  # who may do all
        assert await status(only(permission=["chat.view_conversation", "auth.view_user"])) == Outcome.DONE
        assert ran == [user.username]

    asyncio.run(test())


def test_time_runs_out_for_slow_ones_alone(run_tool: RunTool, settings: Any) -> None:
    settings.CHAT_TOOL_SECONDS = 0.3
    free = threading.Event()
    ends = list[str]()

    def hangs() -> None:
        """Hangs."""
        free.wait(WITHIN)
        ends.append("hangs")

    async def hangs_async() -> None:
        """Hangs."""
        try:
            await asyncio.sleep(WITHIN)
        finally:
            ends.append("async")

    async def clings() -> None:
        """Does not end when it is cancelled."""
        while not free.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                ends.append("clings")

    async def test() -> None:
        for function in (hangs, hangs_async, clings):
            ran = await run_tool(function)
            assert ran.status == Outcome.TIMEOUT
            assert ran.content == "It took longer than 0.3 s, and nobody waits for it any more."
        assert ends == ["async", "clings"]
        ran = await run_tool(hangs, changes=True)
        assert ran.status == Outcome.UNKNOWN
        assert "do not call it again" in ran.content
        # Both threads that this user may have are taken by what nobody waits for any more.
        ran = await run_tool(hangs, changes=True)
        assert ran.status == Outcome.TIMEOUT
        assert ran.content == "Other calls took all of 0.3 s, so this one was not begun."
        free.set()
        settings.CHAT_TOOL_SECONDS = WITHIN
        assert (await run_tool(hangs)).status == Outcome.DONE
        await asyncio.sleep(0)

    asyncio.run(test())
    assert ends.count("hangs") == 3  # the one that was not begun never was


def test_a_stop_ends_the_wait_at_once(run_tool: RunTool) -> None:
    begun, free, ends = threading.Event(), threading.Event(), list[str]()

    def hangs() -> None:
        """Hangs."""
        begun.set()
        free.wait(WITHIN)

    async def hangs_async() -> None:
        """Hangs."""
        begun.set()
        try:
            await asyncio.sleep(WITHIN)
        finally:
            ends.append("cancelled")

    async def test() -> None:
        for function in (hangs, hangs_async):
            begun.clear()
            task = asyncio.create_task(run_tool(function))
            await asyncio.to_thread(begun.wait, WITHIN)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, WITHIN / 2)
        assert ends == ["cancelled"]
        free.set()

    asyncio.run(test())


def test_each_call_has_a_context_of_its_own_with_the_users_language(owned: tuple[User, Conversation]) -> None:
    user, conversation = owned

    def says() -> str:
        """Language and zone."""
        return f"{translation.get_language()} {timezone.get_current_timezone_name()}"

    async def says_async() -> str:
        """Language and zone."""
        return says()

    async def test() -> None:
        with translation.override("de"), timezone.override("Asia/Tokyo"):
            reader = Reader.here()
        for function in (says, says_async):
            tool = made(function)
            call = Call(str(uuid4()), tool.name, "", {})
            toolbox = Toolbox({tool.name: tool}, reader)
            ids: Any = {"owner_id": user.pk, "conversation_id": conversation.pk, "message_id": uuid4()}
            assert (await run(toolbox, call, **ids)).content == "de Asia/Tokyo"

    asyncio.run(test())


def test_a_connection_is_given_back_after_each_call(run_tool: RunTool) -> None:
    used = list[Any]()

    def counts() -> int:
        """Users."""
        found = User.objects.count()
        used.append((threading.current_thread(), connections["default"], connection.connection))
        return found

    async def counts_async() -> int:
        """Users."""
        return await User.objects.acount()

    async def test() -> None:
        assert (await run_tool(counts)).content == "1"
        assert (await run_tool(counts_async)).content == "1"

    asyncio.run(test())
    ((thread, wrapper, open_then),) = used
    assert thread.name.startswith("chat-tool-")
    assert thread.daemon
    assert open_then is not None
    eventually(lambda: wrapper.connection is None, "it gives its connection back, right after it has answered")


@pytest.mark.parametrize(("changes", "status"), [(True, Outcome.UNKNOWN), (False, Outcome.FAILED)])
def test_what_broke_off_is_unknown_where_it_changes_something(
    run_tool: RunTool, changes: bool, status: Outcome
) -> None:
    async def send() -> None:
        """Sends it elsewhere."""
        raise Unanswered("It broke off.")

    ran = asyncio.run(run_tool(send, changes=changes))
    assert ran.status == status
    assert ("do not call it again" in ran.content) is changes
