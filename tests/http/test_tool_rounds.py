"""Answers that call tools of a project, on real processes: streamed, stopped, killed at each step, continued."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.core.tool_parts import CALL, DECISION, KINDS, RESULT, SOURCE
from chat.models import Generation, Message, ToolCall
from tests.conftest import ClientFor, RunSite
from tests.support.client import Stream
from tests.support.endings import ending
from tests.support.faults import OwnDatabase, fill, locked, small_disk
from tests.support.site import Site
from tests.support.sse import Page
from tests.support.tool_gates import ToolGates
from tests.support.upstream import Gate, ScriptedUpstream, answer, call, calls, done, finish, say, status
from tests.support.waiting import eventually

APP = "tests.support.tools_app"
ORDERS = ("find_orders", {"customer": "Ada"})


@pytest.fixture
def shop(run_site: RunSite, committed: None, gates: ToolGates) -> Site:
    """A site with tools, which the tests of this module share."""
    return run_site(CHATSITE_TEST_APPS=APP, CHATSITE_TEST_GATES=str(gates.port), CHAT_LIVE_PER_USER="0")


@pytest.fixture
def mortal(run_site: RunSite, committed: None, gates: ToolGates) -> Iterator[Site]:
    site = run_site(own=True, CHATSITE_TEST_APPS=APP, CHATSITE_TEST_GATES=str(gates.port), CHAT_LIVE_PER_USER="0")
    yield site
    site.close()


def stored(message: str) -> list[list[str]]:
    return [[part.kind, part.text] for part in Message.objects.get(pk=message).reply.parts()]


def statuses(page: Page) -> list[str]:
    return [result["status"] for result in page.tools(RESULT)]


def decide(page: Page, answer: str, **reason: str) -> list[dict[str, str]]:
    """On all calls that ask."""
    return [{"call": each["id"], "answer": answer} | reason for each in page.tools(CALL) if each["asks"]]


def named(question: str) -> str:
    """A gate of this test's own."""
    return f"gate-{question[-40:]}"


def test_streams_what_is_called_and_what_came_of_it(
    shop: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client, before, after = client_for(shop), Gate(), Gate()
    upstream.script(question, say("Let me see."), before, calls(ORDERS))
    upstream.script(question, after, answer("Two: [1]."))
    with client.ask(question) as stream:
        stream.until_text("see.")
        before.open()
        called = stream.until(CALL)
        assert called.data["title"] == "Find orders"
        assert called.data["arguments"] == {"customer": "Ada"}
        result = stream.until(RESULT)
        assert (result.data["id"], result.data["status"]) == (called.data["id"], "done")
        assert stream.until(SOURCE).data == {"number": 1, "title": "Orders of Ada", "url": "/orders/", "object": ""}
        after.wait_reached()
        assert stored(stream.ids["message"]) == stream.page.parts  # before the model is asked again
        after.open()
        page = stream.rest()
    assert ending(page) == ("complete", "stop", "")
    assert stored(stream.ids["message"]) == page.parts
    assert [kind for kind, _ in page.parts] == ["text", CALL, RESULT, SOURCE, "text"]
    row = ToolCall.objects.get(pk=called.data["id"])
    assert (row.status, row.owner, str(row.generation_id)) == ("done", client.user, stream.ids["generation"])


def test_from_every_position_the_rest_is_what_is_stored(
    shop: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(shop)
    upstream.script(question, say("Hm. "), calls(ORDERS, ("fail", {})))
    upstream.script(question, answer("So."))
    page = client.ask_whole(question)
    assert page.start
    for position in range(page.position + 1):
        follower = client.follow(page.start["generation"], after=position)
        follower.page.position = position
        rest = follower.rest()
        assert rest.position == page.position
        assert rest.end == page.end
        assert [each for each in rest.parts if each[0] in KINDS] == [each for each in page.parts if each[0] in KINDS][
            max(0, position - len("Hm. ")) :
        ][:5]


@pytest.mark.parametrize("tool", ["wait", "wait_in_thread"])
def test_stop_ends_the_wait_for_a_tool_at_once(
    shop: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str, gates: ToolGates, tool: str
) -> None:
    client, gate = client_for(shop), named(question)
    upstream.script(question, calls((tool, {"name": gate})))
    with client.ask(question) as stream:
        stream.until(CALL)
        gates.wait_reached(gate)
        begun = time.monotonic()
        assert client.post(f"/generations/{stream.ids['generation']}/cancellation/").status == 202
        page = stream.rest()
        assert time.monotonic() - begun < 5  # 1 s, on a machine that has nothing else to do
    assert (ending(page)[0], statuses(page)) == ("stopped", ["stopped"])
    gates.open(gate)  # what it returns now is dropped
    upstream.script(question, answer("On."), what="answer")
    page = client.continue_(stream.ids["message"]).rest()
    assert (ending(page)[0], statuses(page), page.text) == ("complete", ["stopped"], "On.")
    assert stored(stream.ids["message"]) == page.parts
    assert gates.count(gate) == 1


def test_a_yes_has_it_done_and_a_no_is_told(
    shop: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str, gates: ToolGates
) -> None:
    client = client_for(shop)
    numbers = [int(uuid.uuid4()) % 10**9 for _ in range(2)]
    gates.open(*(f"cancel {number}" for number in numbers))
    upstream.script(question, calls(ORDERS, *(("cancel_order", {"number": number}) for number in numbers)))
    upstream.script(question, answer("One is cancelled."))
    page = client.ask_whole(question)
    assert (ending(page)[0], statuses(page)) == ("waiting", ["done"])
    assert [each["asks"] for each in page.tools(CALL)] == [False, True, True]
    first, second = decide(page, "yes")
    message, same = page.start["message"], str(uuid.uuid4())
    wish = [first, second | {"answer": "no", "reason": "It is sent."}]
    page = client.continue_(message, id=same, decisions=wish).rest()
    assert ending(page)[0] == "complete"
    assert [each["answer"] for each in page.tools(DECISION)] == ["yes", "no"]
    assert sorted(statuses(page)) == ["declined", "done", "done"]
    assert "It is sent." in next(each["content"] for each in page.tools(RESULT) if each["status"] == "declined")
    assert stored(message) == page.parts
    assert [gates.count(f"cancel {number}") for number in numbers] == [1, 0]
    assert (
        client.continue_(message, id=same, decisions=wish).rest().parts == page.parts
    )  # once, however often it is sent
    assert [gates.count(f"cancel {number}") for number in numbers] == [1, 0]


def test_killed_between_any_two_steps_it_goes_on_from_there(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str, gates: ToolGates
) -> None:
    """Each conversation is brought to another step, then the process is killed, and each is continued."""
    client, streams = client_for(mortal), dict[str, Stream]()
    asks = {
        name: f"{name} {question}"
        for name in ("calling", "recorded", "half", "asked_again", "waiting", "changing", "thread")
    }
    number = int(uuid.uuid4()) % 10**9
    gate = {name: f"{name} {number}" for name in asks}
    upstream.script(asks["calling"], say("Hm. "), call(*ORDERS), Gate())
    # Of five calls four begin: the fifth is recorded, and no more.
    upstream.script(asks["recorded"], calls(*[("wait", {"name": gate["recorded"]})] * 5))
    upstream.script(asks["half"], calls(("find_orders", {"customer": "Bob"}), ("wait", {"name": gate["half"]})))
    upstream.script(asks["thread"], calls(("wait_in_thread", {"name": gate["thread"]})))
    second = Gate()
    upstream.script(asks["asked_again"], calls(ORDERS))
    upstream.script(asks["asked_again"], second, answer("Never seen."))
    for name in ("waiting", "changing"):
        upstream.script(asks[name], calls(("cancel_order", {"number": number + (name == "waiting")})))

    for name in ("calling", "recorded", "half", "thread", "asked_again"):
        streams[name] = client.ask(asks[name])
        _ = streams[name].ids
    waits = {name: client.ask_whole(asks[name]) for name in ("waiting", "changing")}
    changing = waits["changing"]
    streams["changing"] = client.continue_(changing.start["message"], decisions=decide(changing, "yes"))
    streams["calling"].until_text("Hm. ")
    gates.wait_reached(gate["recorded"], 4)
    gates.wait_reached(gate["half"])
    gates.wait_reached(gate["thread"])
    gates.wait_reached(f"cancel {number}")
    streams["half"].until(SOURCE)
    second.wait_reached()
    eventually(lambda: Message.objects.get(pk=streams["calling"].ids["message"]).text, "The text is stored")
    mortal.kill()
    ids = {name: stream.ids["message"] for name, stream in streams.items()}
    before = {name: stored(pk) for name, pk in ids.items()}
    for stream in streams.values():
        stream.until_lost()
    Generation.objects.filter(message__in=ids.values(), status="running").update(lease_until="2020-01-01T00:00:00Z")
    gates.open(*gate.values(), f"cancel {number}", f"cancel {number + 1}")
    mortal.start()

    pages = dict[str, Page]()
    for name in streams:
        running = Generation.objects.filter(message=ids[name], status="running")
        eventually(lambda running=running: not running.exists(), f"{name} is interrupted")
        assert Message.objects.get(pk=ids[name]).generation.status == "interrupted"
        upstream.script(asks[name], answer("On."), what="continuation" if name == "calling" else "answer")
        pages[name] = client.continue_(ids[name]).rest()
        assert (ending(pages[name])[0], stored(ids[name])) == ("complete", pages[name].parts), name
        assert pages[name].parts[: len(before[name])] == before[name] or name == "calling", name

    assert [kind for kind, _ in before["calling"]] == ["text"]  # of calls that were half there nothing is left
    assert pages["calling"].text == "Hm. On."
    assert [kind for kind, _ in before["recorded"]] == [CALL] * 5
    assert (statuses(pages["recorded"]), gates.count(gate["recorded"])) == (["done"] * 5, 9)
    assert (statuses(pages["half"]), gates.count(gate["half"])) == (["done"] * 2, 2)
    assert (statuses(pages["thread"]), gates.count(gate["thread"])) == (["done"], 2)
    assert statuses(pages["asked_again"]) == ["done"]
    assert [message["role"] for message in upstream.asked(asks["asked_again"])[-1].json["messages"]] == [
        "user",
        "assistant",
        "tool",
    ]
    # What changes something and was begun is never run twice.
    assert (statuses(pages["changing"]), gates.count(f"cancel {number}")) == (["unknown"], 1)
    # And what waits for a yes still does.
    message = waits["waiting"].start["message"]
    assert client.post(f"/messages/{message}/continuations/", {"id": str(uuid.uuid4())}).code == "waiting"
    page = client.continue_(message, decisions=decide(waits["waiting"], "yes")).rest()
    assert (ending(page)[0], statuses(page), gates.count(f"cancel {number + 1}")) == ("complete", ["done"], 1)


def test_a_process_that_ends_leaves_what_can_be_continued(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str, gates: ToolGates
) -> None:
    client, gate, number = client_for(mortal), named(question), int(uuid.uuid4()) % 10**9
    upstream.script(question, calls(("wait", {"name": gate})))
    upstream.script(f"Change: {question}", calls(("cancel_order", {"number": number})))
    page = client.ask_whole(f"Change: {question}")
    changing = client.continue_(page.start["message"], decisions=decide(page, "yes"))
    reading = client.ask(question)
    gates.wait_reached(f"cancel {number}")
    gates.wait_reached(gate)
    mortal.terminate()
    page = changing.rest()
    assert ending(reading.rest())[0] == ending(page)[0] == "interrupted"
    assert statuses(page) == ["unknown"]
    gates.open(gate, f"cancel {number}")
    mortal.start()
    page = client.continue_(reading.ids["message"]).rest()
    assert (ending(page)[0], statuses(page), gates.count(gate)) == ("complete", ["done"], 2)


def test_nothing_runs_before_its_call_is_stored(
    run_site: RunSite, committed: None, gates: ToolGates, upstream: ScriptedUpstream, question: str, tmp_path: Path
) -> None:
    own = OwnDatabase(run_site, tmp_path, CHATSITE_TEST_APPS=APP, CHATSITE_TEST_GATES=str(gates.port))
    gate, before = named(question), Gate()
    upstream.script(question, before, calls(("wait", {"name": gate})))
    try:
        with own.client.ask(question) as stream:
            before.wait_reached()
            with locked(own.file):
                before.open()
                stream.until(CALL)
                assert upstream.wait_asked(question).ended.wait(30)
                assert gates.count(gate) == 0
            gates.wait_reached(gate)
            kinds = "SELECT group_concat(kind), (SELECT count(*) FROM chat_toolcall) FROM chat_messagepart"
            assert own.one(f"{kinds} WHERE message_id = ?", stream.ids["message"].replace("-", "")) == (CALL, 1)
            gates.open(gate)
            assert stream.rest().end["status"] == "complete"
    finally:
        own.site.close()


def test_with_the_disk_full_nothing_runs_and_nothing_is_told_before_it_is_stored(
    run_site: RunSite, committed: None, gates: ToolGates, upstream: ScriptedUpstream, question: str, tmp_path: Path
) -> None:
    """Neither a call before it is recorded, nor the model's next response before it is: both come with room."""
    gate, before = named(question) + "x" * 150_000, Gate()  # more than there may be left in files that are there
    upstream.script(question, before, calls(("wait", {"name": gate})))
    with small_disk(tmp_path) as folder:
        own = OwnDatabase(run_site, folder, CHATSITE_TEST_APPS=APP, CHATSITE_TEST_GATES=str(gates.port))
        filler = folder / "filler"
        try:
            with own.client.ask(question) as stream:
                before.wait_reached()
                fill(filler)
                before.open()
                stream.until(CALL)
                assert stream.until("storage").data["status"] == "waiting"
                assert upstream.wait_asked(question).ended.wait(30)
                assert gates.count(gate) == 0
                filler.unlink()
                gates.wait_reached(gate)
                fill(filler)
                gates.open(gate)
                stream.until(RESULT)
                assert stream.until("storage").data["status"] == "waiting"
                assert len(upstream.asked(question)) == 1
                filler.unlink()
                page = stream.rest()
        finally:
            own.site.close()
    assert (page.end["status"], statuses(page), page.text) == ("complete", ["done"], "An answer.")


def test_many_that_wait_for_tools_keep_nobody_waiting(
    shop: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str, gates: ToolGates
) -> None:
    """They hold neither a connection to the database nor a thread."""
    waiting, gate = list[Stream](), named(question)
    for number in range(15):
        upstream.script(f"{number} {question}", calls(("wait", {"name": gate}), ORDERS))
        waiting.append(client_for(shop).ask(f"{number} {question}"))
    gates.wait_reached(gate, 15)
    assert client_for(shop).ask_whole(question).text == "An answer."
    gates.open(gate)
    for stream in waiting:
        assert statuses(page := stream.rest()) == ["done"] * 2
        assert page.text == "An answer."


def test_a_service_that_takes_no_tools_is_said_in_words(
    shop: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, status(400, '{"error": {"message": "m does not support tools"}}'))
    page = client_for(shop).ask_whole(question)
    assert ending(page) == ("failed", "", "upstream_tools")
    assert "Turn them off" in page.end["message"]


def test_what_a_service_sends_that_is_no_call_ends_no_answer(
    shop: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, call("nosuch", {"\0\ud800": "\0"}), finish("stop"), done())
    upstream.script(question, answer("Sorry."))
    page = client_for(shop).ask_whole(question)
    assert (ending(page)[0], statuses(page), page.text) == ("complete", ["invalid"], "Sorry.")
    assert stored(page.start["message"]) == page.parts
