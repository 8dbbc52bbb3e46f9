"""An answer that calls a tool of an MCP server, on a real site: it waits for a yes, and runs with it, once."""

import time
import uuid
from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group

from chat.core.tool_parts import CALL, RESULT, Result, read
from chat.models import Attachment, McpServer, McpTool, Message
from chat.models.mcp import digest_of
from chat.tools.mcp.definitions import definition_of
from chat.tools.mcp.listing import ask_for_tools
from tests.http.test_imports import bring
from tests.support.client import Client
from tests.support.mcp_client import Running, fetch
from tests.support.sse import Page
from tests.support.upstream import ScriptedUpstream, Step, answer, calls

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    running = Running()
    yield running
    running.end()


@pytest.fixture
def tool(alice: Client, running: Running) -> Iterator[str]:
    """What models call a tool of the server, which staff have turned on for a group of Alice's."""
    group = Group.objects.create(name=f"group-{uuid.uuid4()}")
    assert alice.user
    alice.user.groups.add(group)
    server = McpServer.objects.create(name=f"s{uuid.uuid4().hex[:12]}", address=running.origin + "/mcp")
    server.groups.add(group)
    for found in ask_for_tools(running.endpoint()):
        definition = definition_of(found)
        if definition and found.name in ("find_orders", "chart"):
            McpTool.objects.create(
                server=server, name=found.name, definition=definition, digest=digest_of(definition), is_on=True
            )
    yield "find_orders"
    server.delete()  # whose name would be taken in the next test


def asked_until_offered(
    client: Client, upstream: ScriptedUpstream, question: str, steps: list[Step]
) -> tuple[Page, str]:
    """The answer that waits, and its question: a process looks every few seconds which tools there are."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        asked = f"{question} {uuid.uuid4()}"
        upstream.script(asked, steps)
        page = client.ask_whole(asked)
        if page.end["status"] == "waiting":
            return page, asked
        time.sleep(1)  # twenty a minute may be asked
    raise AssertionError("the tool is not offered")


def test_a_call_waits_for_a_yes_and_runs_once(
    alice: Client, upstream: ScriptedUpstream, question: str, tool: str, running: Running
) -> None:
    customer = f"customer of {question[-12:]}"
    page, asked = asked_until_offered(alice, upstream, question, calls((tool, {"customer": customer})))
    upstream.script(asked, answer("Order 7."))
    (call,) = page.tools(CALL)
    assert (call["title"].split(" (")[0], call["changes"], call["outside"], call["asks"]) == (
        "Find orders",
        True,
        True,
        True,
    )
    assert {"find_orders": customer} not in async_to_sync(fetch)(running.origin + "/calls")["calls"]
    decisions, pk = [{"call": call["id"], "answer": "yes"}], str(uuid.uuid4())
    page = alice.continue_(page.start["message"], id=pk, decisions=decisions).rest()
    assert (page.end["status"], page.text) == ("complete", "Order 7.")
    (result,) = page.tools(RESULT)
    assert (result["status"], result["content"]) == ("done", f"Order 7 of {customer}")
    again = alice.continue_(page.start["message"], id=pk, decisions=decisions).rest()
    assert again.end == page.end
    made = async_to_sync(fetch)(running.origin + "/calls")["calls"]
    assert made.count({"find_orders": customer}) == 1


def test_a_server_that_is_turned_off_meanwhile_is_not_asked(
    alice: Client, upstream: ScriptedUpstream, question: str, tool: str, running: Running
) -> None:
    customer = f"customer of {question[-12:]}"
    page, asked = asked_until_offered(alice, upstream, question, calls((tool, {"customer": customer})))
    upstream.script(asked, answer("I may not."))
    McpServer.objects.update(is_on=False)
    (call,) = page.tools(CALL)
    page = alice.continue_(page.start["message"], decisions=[{"call": call["id"], "answer": "yes"}]).rest()
    (result,) = page.tools(RESULT)
    assert result["status"] in ("forbidden", "invalid")
    assert {"find_orders": customer} not in async_to_sync(fetch)(running.origin + "/calls")["calls"]


def test_an_image_is_kept_for_the_user_alone_and_goes_along(
    alice: Client, bob: Client, upstream: ScriptedUpstream, question: str, tool: str, running: Running
) -> None:
    """Inspected as an upload is, and in the page, in an export and in what that brings; what is none is named."""
    page, asked = asked_until_offered(alice, upstream, question, calls(("chart", {"customer": "Ada"})))
    upstream.script(asked, answer("There it is."))
    decisions = [{"call": page.tools(CALL)[0]["id"], "answer": "yes"}]
    page = alice.continue_(page.start["message"], decisions=decisions).rest()
    (result,) = page.tools(RESULT)
    assert result["content"].startswith("The orders of Ada.\n\n[an image (image/png): the user is shown it")
    assert "[Image 2 is not shown to the user. It is no image.]" in result["content"]
    assert "[Image 3 is not shown to the user. " in result["content"]
    assert "data:" not in str(upstream.asked(asked)[-1].body)
    (image,) = result["attachments"]
    file = alice.get(f"/attachments/{image}/")
    assert (file.status, file.headers["Content-Type"]) == (200, "image/png")
    assert bob.get(f"/attachments/{image}/").status == 404
    html = alice.get(f"/c/{page.start['conversation']}/", Accept="text/html").text
    assert f'href="/attachments/{image}/"' in html
    assert f'src="/attachments/{image}/thumbnail/"' in html
    assert bring(bob, alice.get("/export/").body).status == 302
    brought = Attachment.objects.get(owner=bob.user)
    theirs = Message.objects.get(attached__attachment=brought)
    (part,) = [each for each in map(read, theirs.reply.parts()) if isinstance(each, Result)]
    assert (part.attachments, brought.name) == ((str(brought.pk),), "chart 1")
    assert str(brought.pk) != image
