"""The rounds of an answer: a scripted model calls tools of a project."""

import asyncio
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from chat.conversations import messages
from chat.conversations.turns import Accepted, Answered, Continuation, Question
from chat.core.endings import Ending, Status
from chat.core.reply import TEXT
from chat.core.tool_parts import Call, Outcome, Result, Source, read
from chat.generation.checkpoints import Checkpoints
from chat.generation.finishing import finish, interrupt
from chat.generation.run import Run, run_of
from chat.generation.storage import Storage
from chat.generation.tool_rounds import CALLS, answer
from chat.generation.unfinished_calls import end_calls
from chat.models import Conversation, Message, ToolCall
from chat.models.threads import write_in_database
from chat.providers.client import close_clients
from chat.tools import Context, ToolError, registry
from chat.tools.python import made
from tests.support.upstream import ScriptedUpstream, Step, call, calls, delta, done, say, status, usage
from tests.support.upstream import answer as said
from tests.support.upstream import finish as ended

Function = Callable[..., Any]


@dataclass
class Chat:
    """A conversation of a new user with the scripted model."""

    upstream: ScriptedUpstream
    tools: dict[str, Any] = field(default_factory=dict)
    question: str = field(default_factory=lambda: f"What {uuid.uuid4()}?")
    owner: User = field(default_factory=lambda: User.objects.create(username=uuid.uuid4().hex))
    conversation: uuid.UUID = field(default_factory=uuid.uuid4)
    message: uuid.UUID | None = None

    def offer(self, function: Function, **options: Any) -> None:
        tool = made(function, **options)
        self.tools[tool.name] = tool

    def script(self, *responses: list[Step]) -> None:
        for response in responses:
            self.upstream.script(self.question, response)

    def ask(self, meanwhile: Callable[[Run], Any] | None = None, **fields: Any) -> Ending:
        wish = Question(uuid.uuid4(), self.question, None, "gpt-4o-mini", **fields)
        accepted = messages.ask(self.owner.pk, self.conversation, wish, lambda: True)
        self.message = accepted.generation.message_id
        return self._run(accepted, meanwhile)

    def go_on(self, **answers: str) -> Ending:
        """Continue, with decisions on calls by the names of their tools."""
        pk = {each.name: each.id for each in self.parts(Call)}
        decisions = tuple(
            Answered(pk[name], said, "too late" if said == "no" else "") for name, said in answers.items()
        )
        wish = Continuation(uuid.uuid4(), "gpt-4o-mini", decisions=decisions)
        assert self.message
        return self._run(messages.continue_(self.owner.pk, self.message, wish, lambda: True), None)

    def _run(self, accepted: Accepted, meanwhile: Callable[[Run], Any] | None) -> Ending:
        return asyncio.run(_run(accepted, meanwhile))

    def parts(self, *kinds: type) -> list[Any]:
        """What is stored of tools, in order."""
        stored = Message.objects.get(pk=self.message).reply.parts()
        return [part for part in map(read, stored) if part and (not kinds or isinstance(part, kinds))]

    @property
    def text(self) -> str:
        return Message.objects.get(pk=self.message).text

    @property
    def results(self) -> list[tuple[Outcome, str]]:
        return [(each.status, each.content) for each in self.parts(Result)]

    @property
    def rows(self) -> dict[str, str]:
        return {row.name: row.status for row in ToolCall.objects.filter(message=self.message)}

    def told(self, number: int) -> list[dict[str, Any]]:
        """What the model was told in its request with this number."""
        found: list[dict[str, Any]] = self.upstream.asked(self.question)[number].json["messages"]
        return found


async def _run(accepted: Accepted, meanwhile: Callable[[Run], Any] | None) -> Ending:
    """What the engine does, for one."""
    run = run_of(accepted)
    runs = {run.id: run}
    checkpoints = Checkpoints(runs, Storage(), lambda ids: None)
    checkpoints.begin()
    answering = asyncio.create_task(answer(run, checkpoints.store))
    if meanwhile:
        await meanwhile(run)
        answering.cancel()
        await asyncio.wait({answering})
        end_calls(run, Status.STOPPED)
        ending = Ending(Status.STOPPED)
    else:
        ending = await answering
    runs.clear()
    writes = list(run.unwritten.values())
    generation, reply, outcome = run.generation, run.live.reply, run.outcome(ending)
    assert await write_in_database(finish, generation, ending.status, reply, run.stored, writes, **outcome)
    run.live.end({})
    await close_clients()
    return ending


@pytest.fixture
def chat(committed: None, upstream: ScriptedUpstream, settings: Any) -> Iterator[Chat]:
    settings.OPENAI_BASE_URL = upstream.base_url
    chat = Chat(upstream)
    before = registry._suppliers[:]
    registry._suppliers[:] = [lambda: chat.tools.values()]
    yield chat
    registry._suppliers[:] = before


def find_orders(customer: str) -> list[str]:
    """Orders of a customer."""
    return [f"17 of {customer}", f"18 of {customer}"]


def cancel_order(number: int) -> str:
    """Cancel an order."""
    return f"cancelled {number}"


async def search_web(query: str) -> str:
    """Search elsewhere."""
    return f"found {query}"


ORDERS = ("find_orders", {"customer": "Ada"})
CANCEL = ("cancel_order", {"number": 17})
SEARCH = ("search_web", {"query": "Ada"})


def test_a_tool_is_run_and_the_model_told_what_came_of_it(chat: Chat) -> None:
    chat.offer(find_orders)
    chat.script([say("Let me see."), *calls(ORDERS)], [say("Two."), ended(), usage(30, 7), done()])
    assert chat.ask() == Ending(Status.COMPLETE)
    called, result = chat.parts()
    assert (called.name, called.title, called.arguments) == ("find_orders", "Find orders", {"customer": "Ada"})
    assert (result.id, result.status) == (called.id, Outcome.DONE)
    assert json.loads(result.content) == ["17 of Ada", "18 of Ada"]
    assert chat.text == "Let me see.\n\nTwo."
    assert chat.rows == {"find_orders": "done"}
    first, second = chat.upstream.asked(chat.question)
    assert [each["function"]["name"] for each in first.json["tools"]] == ["find_orders"]
    assert first.json["tools"] == second.json["tools"]
    assert chat.told(1)[-2:] == [
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {
                    "id": "c00000000",
                    "type": "function",
                    "function": {"name": "find_orders", "arguments": '{"customer":"Ada"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c00000000", "content": result.content},
    ]
    generation = Message.objects.get(pk=chat.message).generation
    assert generation
    assert (generation.prompt_tokens, generation.completion_tokens) == (40, 12)


def test_without_tools_nothing_is_offered_and_calls_say_nothing(chat: Chat) -> None:
    chat.script([say("Hi."), *calls(ORDERS)])
    assert chat.ask() == Ending(Status.COMPLETE)
    assert chat.parts() == []
    assert "tools" not in chat.upstream.asked(chat.question)[0].json


def test_a_model_that_calls_no_tools_is_offered_none(chat: Chat, settings: Any) -> None:
    settings.CHAT_TOOL_MODELS = []
    chat.offer(find_orders)
    assert chat.ask() == Ending(Status.COMPLETE)
    assert "tools" not in chat.upstream.asked(chat.question)[0].json


@pytest.mark.parametrize(
    ("made", "status", "words"),
    [
        (("find_orders", {}), Outcome.INVALID, "customer"),
        (("nosuch", {}), Outcome.INVALID, "There is no tool of this name. There are: find_orders"),
        (("cancel_order", {"number": "many"}), Outcome.INVALID, "number"),
    ],
)
def test_what_cannot_be_run_the_model_is_told_and_may_try_again(
    chat: Chat, made: tuple[str, dict[str, Any]], status: Outcome, words: str
) -> None:
    chat.offer(find_orders)
    chat.offer(cancel_order, changes=True)
    chat.script(calls(made), calls(ORDERS), said("So."))
    assert chat.ask() == Ending(Status.COMPLETE)
    (first, content), (second, _) = chat.results
    assert (first, second) == (status, Outcome.DONE)
    assert words in content
    recorded = made[0] if made[0] != "nosuch" else ""  # what a model makes up may be a user's words
    assert chat.rows[recorded] == ("invalid" if made[0] != "find_orders" else chat.rows["find_orders"])


def test_arguments_that_are_no_json_stand_as_they_came(chat: Chat) -> None:
    chat.offer(find_orders)
    broken = {"index": 0, "id": "a", "function": {"name": "find_orders", "arguments": '{"customer": '}}

    chat.script([delta(tool_calls=[broken]), ended("tool_calls"), done()], said("Sorry."))
    assert chat.ask() == Ending(Status.COMPLETE)
    called, result = chat.parts()
    assert called.arguments == '{"customer": '
    assert (result.status, "JSON object" in result.content) == (Outcome.INVALID, True)


def test_several_at_once_are_run_at_once_but_never_more_than_four(chat: Chat) -> None:
    running, most, full = set[int](), list[int](), asyncio.Event()

    async def wait(number: int) -> int:
        """Wait for others."""
        running.add(number)
        most.append(len(running))
        if len(running) == 4:
            full.set()
        await full.wait()
        running.discard(number)
        return number

    chat.offer(wait)
    chat.script(calls(*(("wait", {"number": number}) for number in range(10))), said("Done."))
    assert chat.ask() == Ending(Status.COMPLETE)
    assert sorted(int(content) for _, content in chat.results) == list(range(10))
    assert max(most) == 4


def test_of_too_many_calls_the_first_are_run(chat: Chat) -> None:
    chat.offer(find_orders)
    chat.script(calls(*[ORDERS] * (CALLS + 3)), said("So."))
    assert chat.ask() == Ending(Status.COMPLETE)
    statuses = [status for status, _ in chat.results]
    assert statuses.count(Outcome.INVALID) == 3
    assert statuses.count(Outcome.DONE) == CALLS


def test_after_so_many_rounds_the_answer_ends_and_can_be_continued(chat: Chat, settings: Any) -> None:
    settings.CHAT_TOOL_ROUNDS = 2
    chat.offer(find_orders)
    chat.script(*[calls(ORDERS)] * 3, said("At last."))
    ending = chat.ask()
    assert (ending.status, ending.code) == (Status.LENGTH, "tool_limit")
    assert len(chat.parts(Call)) == len(chat.parts(Result)) == 2
    assert chat.go_on() == Ending(Status.COMPLETE)
    assert chat.text == "At last."


def test_all_results_of_an_answer_have_room_for_so_much(chat: Chat, settings: Any) -> None:
    settings.CHAT_TOOL_TOTAL_CHARS = 50

    def much() -> str:
        """Much."""
        return "x" * 40

    chat.offer(much)
    chat.script(*[calls(("much", {}))] * 3, said("Enough."))
    assert chat.ask() == Ending(Status.COMPLETE)
    (_, first), (_, second), (third, words) = chat.results
    assert (first, second[:11]) == ("x" * 40, "x" * 10 + "\n")
    assert (third, words.startswith("Not run")) == (Outcome.FAILED, True)


def test_sources_are_numbered_through_the_whole_answer(chat: Chat) -> None:
    def look(context: Context, what: str) -> str:
        """Look."""
        context.source(what, f"https://example.org/{what}")
        context.source("All", "/all/")
        return what

    chat.offer(look)
    chat.script(calls(("look", {"what": "a"})), calls(("look", {"what": "b"})), said("See [1] and [3]."))
    assert chat.ask() == Ending(Status.COMPLETE)
    assert [(each.number, each.title, each.url) for each in chat.parts(Source)] == [
        (1, "a", "https://example.org/a"),
        (2, "All", "/all/"),
        (3, "b", "https://example.org/b"),
    ]
    kinds = ["Call", "Result", "Source", "Source", "Call", "Result", "Source"]
    assert [type(part).__name__ for part in chat.parts()] == kinds
    assert chat.told(2)[-1]["content"].endswith("[3] b; [2] All")


def test_what_changes_something_waits_for_a_yes_and_the_rest_is_run(chat: Chat) -> None:
    chat.offer(find_orders)
    chat.offer(cancel_order, changes=True)
    chat.script(calls(ORDERS, CANCEL), said("It is cancelled."))
    assert chat.ask() == Ending(Status.WAITING)
    assert chat.rows == {"find_orders": "done", "cancel_order": "waiting"}
    assert [status for status, _ in chat.results] == [Outcome.DONE]
    assert chat.go_on(cancel_order="yes") == Ending(Status.COMPLETE)
    assert chat.results[1] == (Outcome.DONE, "cancelled 17")
    assert chat.rows == {"find_orders": "done", "cancel_order": "done"}
    assert [each["role"] for each in chat.told(1)] == ["user", "assistant", "tool", "tool"]
    assert chat.text == "It is cancelled."


def test_no_is_a_result_that_the_model_is_told(chat: Chat) -> None:
    chat.offer(cancel_order, changes=True)
    chat.script(calls(CANCEL), said("Then not."))
    chat.ask()
    assert chat.go_on(cancel_order="no") == Ending(Status.COMPLETE)
    assert chat.results == [(Outcome.DECLINED, "The user said no. too late")]
    assert chat.rows == {"cancel_order": "declined"}


def test_a_yes_counts_once(chat: Chat) -> None:
    """A process that ended while it ran leaves nobody who knows."""
    ran = []

    def change() -> str:
        """Change."""
        ran.append(1)
        return "changed"

    chat.offer(change, changes=True)
    chat.script(calls(("change", {})), said("Unknown."))
    chat.ask()
    (waiting,) = chat.parts(Call)
    wish = Continuation(uuid.uuid4(), "gpt-4o-mini", decisions=(Answered(waiting.id, "yes"),))
    assert chat.message
    accepted = messages.continue_(chat.owner.pk, chat.message, wish, lambda: True)
    finish(accepted.generation, Status.INTERRUPTED, Message.objects.get(pk=chat.message).reply)
    assert chat.go_on() == Ending(Status.COMPLETE)
    assert ran == []
    assert [status for status, _ in chat.results] == [Outcome.UNKNOWN]
    assert chat.rows == {"change": "unknown"}


def test_what_only_reads_is_run_again_by_who_continues(chat: Chat) -> None:
    chat.offer(find_orders)
    chat.script(calls(ORDERS, ORDERS), said("Two."))
    chat.ask()
    reply = Message.objects.get(pk=chat.message).reply
    message = Message.objects.get(pk=chat.message)
    cut = reply.until(3)  # two calls and the first result
    message.parts.filter(number__gte=3).delete()
    assert Message.objects.get(pk=chat.message).reply.parts() == cut.parts()
    message.generations.update(status=Status.INTERRUPTED, ends_at=3)
    chat.script(said("Again."))
    assert chat.go_on() == Ending(Status.COMPLETE)
    assert len(chat.results) == 2
    assert chat.results[0][0] == chat.results[1][0] == Outcome.DONE


def test_what_was_not_called_here_is_never_run(chat: Chat) -> None:
    chat.offer(find_orders)
    chat.script(calls(ORDERS))
    chat.ask()
    message = Message.objects.get(pk=chat.message)
    message.parts.filter(number__gte=1).delete()
    message.generations.update(status=Status.INTERRUPTED, ends_at=1)
    ToolCall.objects.filter(message=message).delete()
    chat.script(said("So."))
    assert chat.go_on() == Ending(Status.COMPLETE)
    assert [status for status, _ in chat.results] == [Outcome.FORBIDDEN]


@pytest.mark.parametrize("how", ["changes", "elsewhere", "outside"])
def test_what_has_become_another_tool_is_not_run_again(chat: Chat, how: str) -> None:
    """What a user has not said yes to does not run because its tool has been renewed meanwhile."""
    chat.offer(find_orders)
    chat.script(calls(ORDERS))
    chat.ask()
    message = Message.objects.get(pk=chat.message)
    message.parts.filter(number__gte=1).delete()
    message.generations.update(status=Status.INTERRUPTED, ends_at=1)
    Conversation.objects.filter(pk=chat.conversation).update(imported_bytes=5)
    changes: dict[str, dict[str, Any]] = {
        "changes": {"changes": True},
        "elsewhere": {"server": "other"},
        "outside": {"outside": True},
    }
    chat.tools["find_orders"] = replace(chat.tools["find_orders"], **changes[how])
    chat.script(said("So."))
    assert chat.go_on() == Ending(Status.COMPLETE)
    assert [status for status, _ in chat.results] == [Outcome.UNKNOWN if how == "changes" else Outcome.FORBIDDEN]


def test_a_yes_is_to_what_the_tool_did_then(chat: Chat) -> None:
    """One that sends data outside by now asks again, and does not run."""
    chat.offer(find_orders, changes=True)
    chat.script(calls(ORDERS), calls(ORDERS))
    chat.ask()
    chat.tools["find_orders"] = replace(chat.tools["find_orders"], outside=True)
    assert chat.go_on(find_orders="yes") == Ending(Status.WAITING)
    assert [status for status, _ in chat.results] == [Outcome.FORBIDDEN]


@pytest.mark.parametrize("is_asked", [True, False])
@pytest.mark.parametrize("how", ["permission", "off", "gone"])
def test_what_may_not_be_used_any_more_is_not_run(chat: Chat, how: str, is_asked: bool) -> None:
    """Neither with the user's yes, nor again where it needed none."""
    chat.offer(find_orders, changes=is_asked)
    chat.script(calls(ORDERS), said("Yes."))
    chat.ask()
    message = Message.objects.get(pk=chat.message)
    if not is_asked:
        message.parts.filter(number__gte=1).delete()
        message.generations.update(status=Status.INTERRUPTED, ends_at=1)
    if how == "gone":
        chat.tools.clear()
    elif how == "off":
        Conversation.objects.filter(pk=chat.conversation).update(tools_off="find_orders")
    else:
        chat.offer(find_orders, changes=is_asked, permission="auth.view_user")
    chat.script(said("So."))
    assert chat.go_on(**{"find_orders": "yes"} if is_asked else {}) == Ending(Status.COMPLETE)
    assert [status for status, _ in chat.results] == [Outcome.FORBIDDEN]


def test_what_an_answer_that_was_cut_off_has_begun_is_not_said_to_run(chat: Chat) -> None:
    chat.offer(find_orders, changes=True)
    chat.script(calls(ORDERS))
    chat.ask()
    (waiting,) = chat.parts(Call)
    wish = Continuation(uuid.uuid4(), "gpt-4o-mini", decisions=(Answered(waiting.id, "yes"),))
    assert chat.message
    accepted = messages.continue_(chat.owner.pk, chat.message, wish, lambda: True)
    assert chat.rows == {"find_orders": "running"}
    assert interrupt([accepted.generation.pk]) == 1
    assert chat.rows == {"find_orders": "unfinished"}
    chat.script(said("So."))
    chat.go_on()
    assert chat.rows == {"find_orders": "unknown"}


@pytest.mark.parametrize("first", [ORDERS, SEARCH])
def test_what_others_wrote_makes_an_outside_call_ask(chat: Chat, first: tuple[str, dict[str, Any]]) -> None:
    chat.offer(find_orders)
    chat.offer(search_web, outside=True)
    chat.script(calls(first), calls(SEARCH), said("So."))
    is_other = first is ORDERS
    assert chat.ask().status == (Status.WAITING if is_other else Status.COMPLETE)
    assert [each.asks for each in chat.parts(Call)] == [False, is_other]


def test_an_imported_conversation_makes_it_ask(chat: Chat) -> None:
    chat.offer(search_web, outside=True)
    Conversation.objects.create(pk=chat.conversation, owner=chat.owner, title="t", imported_bytes=5)
    chat.script(calls(SEARCH))
    assert chat.ask().status == Status.WAITING


def test_results_of_earlier_answers_count_too(chat: Chat) -> None:
    chat.offer(find_orders)
    chat.offer(search_web, outside=True)
    chat.script(calls(ORDERS), said("Two."))
    chat.ask()
    wish = Question(uuid.uuid4(), "And then?" + chat.question, chat.message, "gpt-4o-mini")
    chat.upstream.script(wish.text, calls(SEARCH))
    accepted = messages.ask(chat.owner.pk, chat.conversation, wish, lambda: True)
    chat.message = accepted.generation.message_id
    assert chat._run(accepted, None).status == Status.WAITING


# What ends in between


def test_a_stop_cuts_off_what_runs(chat: Chat) -> None:
    begun = asyncio.Event()
    cancelled = []

    async def hang() -> None:
        """Hang."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(1)

    async def meanwhile(run: Run) -> None:
        await begun.wait()

    chat.offer(hang)
    chat.script(calls(("hang", {})))
    chat.ask(meanwhile)
    assert cancelled
    assert [status for status, _ in chat.results] == [Outcome.STOPPED]
    assert chat.rows == {"hang": "stopped"}
    chat.script(said("On."))
    assert chat.go_on() == Ending(Status.COMPLETE)  # and it is not run again
    assert len(cancelled) == 1


def test_nobody_waits_for_a_function_that_was_stopped(chat: Chat) -> None:
    begun, released = threading.Event(), threading.Event()

    def hang() -> str:
        """Hang."""
        begun.set()
        released.wait(30)
        return "late"

    async def meanwhile(run: Run) -> None:
        await asyncio.to_thread(begun.wait, 30)

    chat.offer(hang)
    chat.script(calls(("hang", {})))
    chat.ask(meanwhile)
    released.set()
    assert chat.results == [(Outcome.STOPPED, "Cut off: the user stopped the answer.")]


def test_whether_a_change_that_was_stopped_is_done_nobody_knows(chat: Chat) -> None:
    begun, released = threading.Event(), threading.Event()

    def change() -> str:
        """Change."""
        begun.set()
        released.wait(30)
        return "late"

    chat.offer(change, changes=True)
    chat.script(calls(("change", {})))
    chat.ask()
    (waiting,) = chat.parts(Call)
    wish = Continuation(uuid.uuid4(), "gpt-4o-mini", decisions=(Answered(waiting.id, "yes"),))
    assert chat.message
    accepted = messages.continue_(chat.owner.pk, chat.message, wish, lambda: True)

    async def meanwhile(run: Run) -> None:
        await asyncio.to_thread(begun.wait, 30)

    chat._run(accepted, meanwhile)
    released.set()
    assert [status for status, _ in chat.results] == [Outcome.UNKNOWN]


def test_the_time_of_the_whole_answer_ends_a_tool_too(chat: Chat, settings: Any) -> None:
    settings.CHAT_TOTAL_SECONDS, settings.CHAT_IDLE_SECONDS = 1, 0.2

    async def hang() -> None:
        """Hang."""
        await asyncio.Event().wait()

    chat.offer(hang)
    chat.script(calls(("hang", {})))
    ending = chat.ask()
    assert (ending.status, ending.code) == (Status.FAILED, "timeout")
    assert [status for status, _ in chat.results] == [Outcome.TIMEOUT]


def test_a_tool_that_fails_fails_no_answer(chat: Chat) -> None:
    def fail(how: str) -> None:
        """Fail."""
        raise ToolError("There is no such customer.") if how == "said" else KeyError(how)

    chat.offer(fail)
    chat.script(calls(("fail", {"how": "said"}), ("fail", {"how": "odd"})), said("Sorry."))
    assert chat.ask() == Ending(Status.COMPLETE)
    assert [status for status, _ in chat.results] == [Outcome.FAILED] * 2


def test_a_service_that_fails_in_the_second_round_loses_nothing(chat: Chat) -> None:

    chat.offer(find_orders)
    chat.script(calls(ORDERS), status(400, "no"))
    ending = chat.ask()
    assert (ending.status, ending.code) == (Status.FAILED, "refused_by_upstream")
    assert [outcome for outcome, _ in chat.results] == [Outcome.DONE]
    chat.script(said("Two."))
    assert chat.go_on() == Ending(Status.COMPLETE)
    assert len(chat.results) == 1
    assert [each["role"] for each in chat.told(2)] == ["user", "assistant", "tool"]


def test_calls_that_break_off_are_dropped(chat: Chat) -> None:
    chat.offer(find_orders)
    chat.script([say("Let me "), call(*ORDERS)])
    assert chat.ask().status == Status.TRUNCATED
    assert chat.parts() == []


def test_reasoning_and_text_of_all_rounds_are_kept_in_order(chat: Chat) -> None:
    chat.offer(find_orders)
    chat.script([say("<think>Hm</think>A"), *calls(ORDERS)], [say("<think>Ho</think>B"), ended(), done()])
    assert chat.ask() == Ending(Status.COMPLETE)
    kinds = [part.kind for part in Message.objects.get(pk=chat.message).reply.parts()]
    assert kinds == ["reasoning", TEXT, "tool_call", "tool_result", "reasoning", TEXT]
    assert chat.told(1)[1]["content"] == "A"


def test_the_oldest_results_are_cut_where_the_context_is_small(chat: Chat, settings: Any) -> None:
    settings.CHAT_CONTEXT_TOKENS = 1500

    def much(letter: str) -> str:
        """Much."""
        return letter * 3000

    chat.offer(much)
    chat.script(calls(("much", {"letter": "a"})), calls(("much", {"letter": "b"})), said("So."))
    assert chat.ask() == Ending(Status.COMPLETE)
    older, newer = (each["content"] for each in chat.told(2) if each["role"] == "tool")
    assert newer == "b" * 3000
    assert "left out" in older
    assert chat.results[0][1] == "a" * 3000
