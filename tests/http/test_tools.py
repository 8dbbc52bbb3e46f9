"""Which tools a conversation has: its owner turns them off and on. What models do with them: tests of their own."""

import json
import uuid
from collections.abc import Callable

import pytest

from chat.core.tool_parts import RESULT
from chat.models import Conversation, ToolCall
from tests.support.client import Client
from tests.support.client import question as question_of
from tests.support.site import Site
from tests.support.upstream import ScriptedUpstream, answer, calls

RunSite = Callable[..., Site]


@pytest.fixture
def with_tools(run_site: RunSite) -> Site:
    return run_site(CHAT_TOOLS="current_time,read_attachment")


def test_tools_are_listed_and_turned_off(with_tools: Site, client_for: Callable[..., Client], question: str) -> None:
    alice = client_for(with_tools)
    both = {"current_time": True, "read_attachment": True}

    def on(path: str = "/tools/") -> dict[str, bool]:
        return {each["name"]: each["on"] for each in alice.get(path).json["tools"]}

    assert on() == both
    (clock, _) = alice.get("/tools/", **{"Accept-Language": "en"}).json["tools"]
    assert clock == {
        "name": "current_time",
        "title": "Look at the clock",
        "changes": False,
        "outside": False,
        "server": "",
        "on": True,
    }
    first = str(uuid.uuid4())
    alice.post(f"/c/{first}/messages/", question_of(question) | {"tools_off": ["read_attachment"]})
    path = f"/c/{first}/tools/"
    assert on(path) == both | {"read_attachment": False}
    for name, is_on in [
        ("read_attachment", True),
        ("current_time", False),
        ("current_time", False),
        ("nosuch", False),
    ]:
        reply = alice.post(path, {"name": name, "on": is_on})
        assert reply.status == 200
    assert on(path) == both | {"current_time": False}
    assert Conversation.objects.get(pk=first).tools_off == "current_time nosuch"
    assert on() == both
    form = alice.post(path, form={"name": "current_time", "on": "true"}, Accept="text/html")
    assert (form.status, form.headers["Location"]) == (302, f"/c/{first}/")
    assert on(path) == both
    wrong: list[dict[str, object]] = [
        {},
        {"name": 5, "on": True},
        *[{"name": name, "on": True} for name in ("a b", "a\n", "x" * 65)],
        {"name": "current_time"},
        {"name": "current_time", "on": "no"},
    ]
    for body in wrong:
        reply = alice.post(path, body)
        assert (reply.status, reply.code) == (400, "bad_input"), body
    for off in ("current_time", [5], ["a b"], ["x"] * 501):
        new = f"/c/{uuid.uuid4()}/messages/"
        assert alice.post(new, question_of(question) | {"tools_off": off}).status == 400, off


def test_tools_know_the_users_zone_and_rows_no_words(
    with_tools: Site, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    alice = client_for(with_tools)
    alice.cookies["chat_timezone"] = "Asia/Tokyo"
    upstream.script(question, calls(("current_time", {}), ("what_Bob_wrote", {})))
    upstream.script(question, answer("Late."))
    page = alice.ask_whole(question)
    results = {each["status"]: each["content"] for each in page.tools(RESULT)}
    assert results.keys() == {"done", "invalid"}
    assert json.loads(results["done"])["zone"] == "Asia/Tokyo"
    rows = ToolCall.objects.filter(generation=page.start["generation"])
    assert set(rows.values_list("name", "status")) == {("current_time", "done"), ("", "invalid")}


def test_a_site_without_tools_has_none(alice: Client) -> None:
    assert alice.get("/tools/").json == {"tools": []}
