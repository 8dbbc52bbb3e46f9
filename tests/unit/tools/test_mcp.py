"""Tools of MCP servers: real ones on loopback, made with the SDK, and what goes wrong with them."""

import asyncio
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User
from django.test import override_settings
from django.utils.translation import override
from mcp import MCPError
from mcp_types import CONNECTION_CLOSED

from chat.admin.mcp import _see
from chat.failures import innermost
from chat.models import McpServer, McpTool, Reading
from chat.models.mcp import digest_of
from chat.tools import ToolError
from chat.tools.base import Unanswered
from chat.tools.mcp import catalog, sessions
from chat.tools.mcp.catalog import ServerTool, load
from chat.tools.mcp.configuration import Endpoint, Misconfigured, endpoint_of, headers_of
from chat.tools.mcp.connection import BOUNDED_LINES, connected, tools_of
from chat.tools.mcp.definitions import definition_of, digests
from chat.tools.mcp.results import returned
from chat.tools.toolbox import offered_to
from tests.support.mcp_client import Running, fetch
from tests.support.staff import staff

pytestmark = pytest.mark.django_db

SECRETS = [{"name": "crm", "variable": "CRM_TOKEN", "origin": "https://crm.example:443"}]


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    running = Running()
    yield running
    running.end()


@pytest.fixture
def own() -> Iterator[Running]:
    """One that a test may end."""
    running = Running()
    yield running
    running.end()


def asked(endpoint: Endpoint, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """What each call gives, one after the other: text, or the sentence of its error."""

    async def ask() -> list[Any]:
        async with connected(endpoint) as session:
            known = digests(await tools_of(session))
        said = list[Any]()
        for name, arguments in calls:
            try:
                said.append(returned(await sessions.call(endpoint, name, arguments, known[name])))
            except ToolError as exc:
                said.append(exc.sentence)
        await sessions.close_sessions()
        return said

    return async_to_sync(ask)()


def test_a_tool_is_called_and_says_what_it_gives(shared: Running) -> None:
    found, linked, structured, failed = asked(
        shared.endpoint(), ("find_orders", {"customer": "Ada"}), ("linked", {}), ("structured", {}), ("fails", {})
    )
    assert found.content == "Order 7 of Ada"
    assert "[an image (image/png): the user is shown it, you are not]" in linked.content
    assert linked.images == (b"hi",)
    assert linked.sources == (("The page", "https://example.com/page", ""),)
    assert structured.content == '{"total": 3}'
    assert failed == "No such customer."


def test_a_server_by_a_command_answers_over_its_standard_streams() -> None:
    endpoint = Endpoint("time", command=(sys.executable, "-m", "mcp_server_time"))
    (said,) = asked(endpoint, ("get_current_time", {"timezone": "Europe/Berlin"}))
    assert "Europe/Berlin" in said.content


def test_a_line_without_end_ends_a_server_by_a_command() -> None:
    endless = "import sys\nwhile True: sys.stdout.write('x' * 65536)"

    async def ask() -> None:
        async with connected(Endpoint("endless", command=(sys.executable, "-c", endless))):
            pass

    with pytest.raises(ExceptionGroup) as ended:
        async_to_sync(ask)()
    broken = innermost(ended.value)
    assert isinstance(broken, MCPError)
    assert broken.error.code == CONNECTION_CLOSED  # and not that its time was over


def test_a_command_that_there_is_not_is_said() -> None:
    async def ask() -> None:
        async with connected(Endpoint("none", command=("no-such-command",))):
            pass

    with pytest.raises(FileNotFoundError):
        async_to_sync(ask)()


@pytest.mark.parametrize(
    ("most", "written", "status"), [(6, b"short\nlong", 3), (5, b"", 1)], ids=["all", "a byte less"]
)
def test_lines_are_bounded(most: int, written: bytes, status: int) -> None:
    program = "import sys\nsys.stdout.write(sys.stdin.read())\nsys.exit(3)"
    command = [sys.executable, "-I", str(BOUNDED_LINES), str(most), sys.executable, "-c", program]
    done = subprocess.run(command, input=b"short\nlong", stdout=subprocess.PIPE)
    assert (done.stdout, done.returncode) == (written, status)


def test_what_is_too_large_is_cut_off_and_the_next_call_goes_on(shared: Running) -> None:
    huge, found = asked(shared.endpoint(), ("huge", {}), ("find_orders", {"customer": "Bob"}))
    assert "limit" in huge
    assert found.content == "Order 7 of Bob"


@pytest.mark.parametrize("path", ["/redirected", "/nonsense", "/nothing-here"])
def test_what_is_no_server_is_said_to_be_away(shared: Running, path: str) -> None:
    async def ask() -> None:
        with pytest.raises(sessions.Away, match="The server orders cannot be reached"):
            await sessions.call(shared.endpoint(path), "find_orders", {}, "")
        began = time.monotonic()
        with pytest.raises(sessions.Away):
            await sessions.call(shared.endpoint(path), "find_orders", {}, "")
        assert time.monotonic() - began < 0.5  # it is not asked again so soon
        await sessions.close_sessions()

    async_to_sync(ask)()


def test_a_server_that_never_ends_its_answer_is_given_up(shared: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "CONNECT_SECONDS", 2.0)

    async def ask() -> None:
        with pytest.raises(sessions.Away):
            await sessions.call(shared.endpoint("/endless"), "find_orders", {}, "")
        await sessions.close_sessions()

    async_to_sync(ask)()


def test_a_call_that_is_given_up_is_cancelled_at_the_server(shared: Running) -> None:
    async def ask() -> None:
        endpoint = shared.endpoint()
        async with connected(endpoint) as session:
            known = digests(await tools_of(session))
        call = asyncio.create_task(sessions.call(endpoint, "slow", {}, known["slow"]))
        async with asyncio.timeout(30):
            while {"slow": True} not in (await fetch(shared.origin + "/calls"))["calls"]:
                await asyncio.sleep(0.05)
            call.cancel()
            while {"slow": "cancelled"} not in (await fetch(shared.origin + "/calls"))["calls"]:
                await asyncio.sleep(0.05)
        assert returned(await sessions.call(endpoint, "find_orders", {"customer": "C"}, known["find_orders"]))
        await sessions.close_sessions()

    async_to_sync(ask)()


def test_a_call_that_is_refused_ends_no_other(own: Running) -> None:
    async def ask() -> None:
        endpoint = own.endpoint()
        async with connected(endpoint) as session:
            known = digests(await tools_of(session))
        slow = asyncio.create_task(sessions.call(endpoint, "slow", {}, known["slow"]))
        async with asyncio.timeout(30):
            while {"slow": True} not in (await fetch(own.origin + "/calls"))["calls"]:
                await asyncio.sleep(0.05)
            with pytest.raises(ToolError, match="There is no such order"):
                await sessions.call(endpoint, "refuses", {}, known["refuses"])
            with pytest.raises(sessions.Changed):
                await sessions.call(endpoint, "find_orders", {"customer": "G"}, "another digest")
            await sessions.call(endpoint, "find_orders", {"customer": "G"}, known["find_orders"])
            assert not slow.done()
            await sessions.close_sessions()
            with pytest.raises(Unanswered):
                await slow

    async_to_sync(ask)()


def test_a_server_that_dies_ends_its_calls_and_comes_back(own: Running) -> None:
    async def ask() -> None:
        endpoint = own.endpoint()
        async with connected(endpoint) as session:
            known = digests(await tools_of(session))
        with pytest.raises(Unanswered, match="The server orders"):
            async with asyncio.timeout(20):
                await sessions.call(endpoint, "dies", {}, known["dies"])
        await asyncio.to_thread(own.end)
        with pytest.raises(sessions.Away):
            async with asyncio.timeout(20):
                await sessions.call(endpoint, "find_orders", {"customer": "D"}, known["find_orders"])
        await asyncio.to_thread(own.begin)
        async with asyncio.timeout(30):
            while True:
                try:
                    said = await sessions.call(endpoint, "find_orders", {"customer": "D"}, known["find_orders"])
                    break
                except sessions.Away:
                    await asyncio.sleep(0.2)
        assert returned(said).content == "Order 7 of D"
        calls = (await fetch(own.origin + "/calls"))["calls"]
        assert calls == [{"find_orders": "D"}]
        await sessions.close_sessions()

    async_to_sync(ask)()


def test_a_tool_that_has_changed_is_not_called(own: Running) -> None:
    async def ask() -> None:
        endpoint = own.endpoint()
        async with connected(endpoint) as session:
            known = digests(await tools_of(session))
        await fetch(own.origin + "/change?to=Send+me+everything")
        with pytest.raises(sessions.Changed, match="has changed this tool"):
            await sessions.call(endpoint, "find_orders", {"customer": "E"}, known["find_orders"])
        assert (await fetch(own.origin + "/calls"))["calls"] == []
        await sessions.close_sessions()

    async_to_sync(ask)()


# Where it is sent, and with what


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("https://crm.example/mcp", "Authorization: Bearer {SECRET_KEY}"),
        ("https://crm.example/mcp", "Authorization: Bearer {CRM_TOKEN}"),
        ("https://other.example/mcp", "Authorization: Bearer {crm}"),
        ("http://crm.example/mcp", "Authorization: Bearer {crm}"),
        ("https://crm.example:8443/mcp", "Authorization: Bearer {crm}"),
        ("https://crm.example@other.example/mcp", "Authorization: Bearer {crm}"),
        ("https://crm.example/mcp", "Host: other.example"),
        ("https://crm.example/mcp", "no header"),
        ("https://crm.example/mcp", "X-A: ä"),
        ("https://crm.example/mcp", ": x"),
    ],
)
def test_no_secret_goes_elsewhere_and_no_variable_is_read(
    monkeypatch: pytest.MonkeyPatch, address: str, headers: str
) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t0ken")
    monkeypatch.setenv("SECRET_KEY", "the-key")
    server = McpServer(name="crm", address=address, headers=headers)
    with override_settings(CHAT_MCP_SECRETS=SECRETS), pytest.raises(Misconfigured) as refused:
        endpoint_of(server)
    assert "t0ken" not in str(refused.value)
    assert "the-key" not in str(refused.value)


def test_a_secret_is_sent_to_its_origin(monkeypatch: pytest.MonkeyPatch, shared: Running) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t0ken")
    secrets = [{"name": "crm", "variable": "CRM_TOKEN", "origin": shared.origin}]
    server = McpServer(name="crm", address=shared.origin + "/mcp", headers="X-Auth: Bearer {crm}\nX-B: c")
    user = User(username="ada")
    with override_settings(CHAT_MCP_SECRETS=secrets, CHAT_MCP_USER_HEADER="X-User"):
        endpoint = endpoint_of(server, user)
        assert "t0ken" not in repr(endpoint)
        asked(endpoint, ("find_orders", {"customer": "F"}))
    seen = async_to_sync(fetch)(shared.origin + "/calls")["headers"]
    assert {"x-auth": "Bearer t0ken", "x-b": "c", "x-user": "ada"}.items() <= seen[-1].items()
    with override_settings(CHAT_MCP_SECRETS=secrets):
        assert ("X-User", "ada") not in endpoint_of(server, user).headers


@override_settings(CHAT_MCP_USER_HEADER="X-User")
def test_a_server_is_told_who_asks_and_nobody_else() -> None:
    server = McpServer(name="crm", address="https://crm.example/", headers="x-user: root")
    names = ["ada@example.com", "m\u00fcller", "m\u00f6ller", "m%C3%BCller", "a\r\nX-User: root"]
    said = [endpoint_of(server, User(username=name)).headers for name in names]
    assert said[:2] == [(("X-User", "ada@example.com"),), (("X-User", "m%C3%BCller"),)]
    assert len(set(said)) == len(names)
    assert all(value.isprintable() for ((_name, value),) in said)


def test_a_secret_that_is_not_set_is_said_without_its_variable() -> None:
    with override_settings(CHAT_MCP_SECRETS=SECRETS), pytest.raises(Misconfigured, match="“crm” is not set"):
        list(headers_of("A: {crm}", "https://crm.example/"))


def test_a_setting_says_where_a_server_is() -> None:
    servers = [{"name": "time", "command": ["python", "-m", "mcp_server_time"], "environment": {"A": "b"}}]
    with override_settings(CHAT_MCP_SERVERS=servers):
        endpoint = endpoint_of(McpServer(name="time", address="https://elsewhere.example/"))
    assert endpoint.command == ("python", "-m", "mcp_server_time")
    assert endpoint.address == ""
    with pytest.raises(Misconfigured):
        endpoint_of(McpServer(name="time"))


# Who may use which


def stored(name: str, group: Group | None = None, **fields: Any) -> McpTool:
    server, _ = McpServer.objects.get_or_create(name=fields.pop("server", "orders"), address="https://orders.example/")
    if group:
        server.groups.add(group)
    definition = {"title": "", "description": "x", "parameters": {"type": "object"}}
    known = {"definition": definition, "digest": digest_of(definition), "is_on": True}
    return McpTool.objects.create(server=server, name=name, **known | fields)


def test_nobody_has_a_server_until_staff_name_a_group() -> None:
    group = Group.objects.create(name=f"group-{uuid.uuid4()}")
    member = User.objects.create(username=f"member-{uuid.uuid4()}")
    member.groups.add(group)
    root = User.objects.create(username=f"root-{uuid.uuid4()}", is_superuser=True)
    row = stored("find")
    (tool,) = load()
    assert not tool.is_available(member)
    assert not tool.is_available(root)
    row.server.groups.add(group)
    assert tool.is_available(member)
    assert not tool.is_available(root)
    offs: list[dict[str, Any]] = [{"is_on": False}, {"changed": {}}, {"digest": "another"}]
    for off in offs:
        before = {name: getattr(row, name) for name in off}
        McpTool.objects.filter(pk=row.pk).update(**off)
        assert not tool.is_available(member)
        McpTool.objects.filter(pk=row.pk).update(**before)
    McpServer.objects.update(is_on=False)
    assert not tool.is_available(member)
    assert load() == ()


def test_what_staff_say_counts_and_not_the_servers_hint() -> None:
    stored("a")
    stored("b", is_read_only=True, stays_inside=True)
    stored("c", is_read_only=True, is_waived=True)
    a, b, c = sorted(load(), key=lambda tool: tool.remote)
    assert (a.changes, a.outside, a.asks(False)) == (True, True, True)
    assert (b.changes, b.outside, b.asks(True)) == (False, False, False)
    assert (c.asks(False), c.asks(True)) == (False, False)
    assert McpTool._meta.get_field("is_waived").default is False


@pytest.mark.parametrize("name", ["is_read_only", "stays_inside", "is_waived"])
def test_a_tool_that_staff_have_more_asked_for_is_not_called_as_it_was(name: str) -> None:
    """An answer that runs knows the tool as it was when it began, and so does each process for some seconds."""
    group = Group.objects.create(name=f"group-{uuid.uuid4()}")
    member = User.objects.create(username=f"member-{uuid.uuid4()}")
    member.groups.add(group)
    row = stored("find", group, **{name: True})
    (loose,) = load()
    assert loose.is_available(member)
    McpTool.objects.filter(pk=row.pk).update(**{name: False})
    (strict,) = load()
    assert not loose.is_available(member)
    assert strict.is_available(member)
    McpTool.objects.filter(pk=row.pk).update(**{name: True})
    assert strict.is_available(member)


def test_odd_names_and_names_that_collide_can_be_called() -> None:
    for server, name in [("one", "send.mail now"), ("one", "find"), ("two", "find"), ("two", "x" * 150), ("two", "ä")]:
        stored(name, server=server)
    names = [tool.name for tool in load()]
    assert len(set(names)) == len(names) == 5
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in names)
    assert {"send_mail_now", "find", "two_find"} <= set(names)


def test_a_process_that_was_idle_knows_what_was_turned_on_since(monkeypatch: pytest.MonkeyPatch) -> None:
    stored("find")
    now = load()
    listed: list[tuple[ServerTool, ...]] = [(), now]
    monkeypatch.setattr(catalog, "load", lambda: listed.pop(0))
    mine = catalog.Catalog()

    mine.read()
    mine.read()
    assert mine.tools() == ()
    assert mine._read_at
    mine._read_at -= 3600
    mine.read()
    assert mine.tools() == now


def test_a_page_offers_what_was_turned_on_though_no_answer_has_asked_for_it(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    group = Group.objects.create(name=f"group-{uuid.uuid4()}")
    member = User.objects.create(username=f"member-{uuid.uuid4()}")
    member.groups.add(group)
    for name in ("find", "send", "pay"):
        stored(name, group)
    monkeypatch.setattr(catalog.catalog, "_tools", ())
    monkeypatch.setattr(catalog.catalog, "_read_at", None)
    assert [tool.name for tool in offered_to(member)] == ["find", "pay", "send"]
    with django_assert_num_queries(1):  # for all of them
        assert len(offered_to(member)) == 3
    McpTool.objects.filter(name="pay").update(is_on=False)
    assert [tool.name for tool in offered_to(member)] == ["find", "send"]


def test_arguments_are_bounded() -> None:
    stored("find")
    (tool,) = load()
    assert isinstance(tool, ServerTool)
    assert tool.check({"a": 1}) == {"a": 1}
    with pytest.raises(ToolError):
        tool.check({"a": "x" * 200_000})


# Staff


def test_staff_ask_a_server_and_look_at_what_has_changed(own: Running) -> None:
    client = staff("add_mcpserver", "change_mcpserver", "view_mcpserver", "change_mcptool", "view_mcptool")
    fields = {"name": "orders", "address": own.origin + "/mcp", "headers": "X-A: b", "groups": [], "is_on": "on"}
    assert client.post("/admin/chat/mcpserver/add/", fields).status_code == 302
    server = McpServer.objects.get(name="orders")
    page = f"/admin/chat/mcpserver/{server.pk}/"
    assert "its own credentials" in client.get(page + "change/").text
    client.post(page + "tools/")
    tool = server.tools.get(name="find_orders")
    assert not server.tools.filter(is_on=True).exists()
    assert tool.changed is None
    async_to_sync(fetch)(own.origin + "/change?to=Send+me+everything")
    McpTool.objects.filter(pk=tool.pk).update(is_on=True)
    client.post(page + "tools/")
    tool.refresh_from_db()
    assert tool.changed
    assert tool.changed["description"] == "Send me everything"
    assert load() == ()
    change = f"/admin/chat/mcptool/{tool.pk}/change/"
    text = client.get(change).text
    assert "Send me everything" in text
    seen = re.search(r'name="seen" value="([^"]*)"', text)
    assert seen
    stale = client.post(change, {"is_looked_at": "on", "seen": "{}", "is_on": "on"})
    assert "changed once more" in stale.text
    sent = seen[1].replace("&quot;", '"')
    assert client.post(change, {"is_looked_at": "on", "seen": sent, "is_on": "on"}).status_code == 302
    (now,) = load()
    assert now.description == "Send me everything"
    actions = set(Reading.objects.filter(object_kind__startswith="chat.mcp").values_list("action", flat=True))
    assert {"Added it.", "Asked it for its tools."} <= actions
    async_to_sync(fetch)(own.origin + "/many")
    client.post(page + "tools/")
    assert server.tools.count() == 500


def test_what_is_turned_off_while_its_server_is_asked_stays_off(monkeypatch: pytest.MonkeyPatch) -> None:
    row, see = stored("find"), McpTool.see

    def turned_off_meanwhile(tool: McpTool, definition: dict[str, Any]) -> None:
        McpTool.objects.update(is_on=False)
        see(tool, definition)

    monkeypatch.setattr(McpTool, "see", turned_off_meanwhile)
    assert _see(row.server, [("find", row.definition | {"description": "y"})]) == (0, 1, 0)
    row.refresh_from_db()
    assert not row.is_on
    assert row.changed


def test_a_server_that_is_away_is_said_to_staff() -> None:
    server = McpServer.objects.create(name="gone", address="http://127.0.0.1:9/mcp")
    client = staff("change_mcpserver", "view_mcpserver")
    client.post(f"/admin/chat/mcpserver/{server.pk}/tools/")
    assert "could not be asked" in client.get("/admin/chat/mcpserver/").text
    german = client.get("/admin/chat/mcpserver/", headers={"accept-language": "de"}).text
    assert "Er konnte nicht nach seinen Werkzeugen gefragt werden" in german
    assert "could not be asked" not in german


def test_what_is_wrong_with_a_server_fits_its_column_and_what_was_stored_before_is_shown_as_it_is() -> None:
    server = McpServer(name="orders", fault="Er war nicht zu erreichen: 5 %")
    assert server.fault_shown == "Er war nicht zu erreichen: 5 %"
    server.blame("The header %(name)s belongs to the protocol.", name='"' * 1000)
    assert len(server.fault) <= 500
    with override("en"):
        assert server.fault_shown == "The header {} belongs to the protocol.".format('"' * 80)


@pytest.mark.parametrize("permissions", [[], ["view_mcpserver"], ["change_mcptool"]])
def test_addresses_take_a_permission_of_their_own(permissions: list[str]) -> None:
    server = McpServer.objects.create(name="orders", address="https://orders.example/mcp")
    client = staff(*permissions)
    fields = {"name": "orders", "address": "https://elsewhere.example/mcp", "is_on": "on"}
    assert client.post(f"/admin/chat/mcpserver/{server.pk}/change/", fields).status_code == 403
    assert client.post(f"/admin/chat/mcpserver/{server.pk}/tools/").status_code == 403
    server.refresh_from_db()
    assert server.address == "https://orders.example/mcp"


@override_settings(CHAT_MCP_SECRETS=SECRETS)
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"address": "ftp://x"}, "no address"),
        ({"address": "https://u:p@x/"}, "belongs into a secret"),
        ({"headers": "A: {SECRET_KEY}"}, "There is no secret"),
        ({"headers": "A: {crm}"}, "may be sent to"),
        ({"name": "Ä"}, "alone"),
    ],
)
def test_what_cannot_be_is_said_in_words(fields: dict[str, str], words: str) -> None:
    given = {"name": "orders", "address": "https://orders.example/mcp", "headers": "", "is_on": "on"}
    reply = staff("add_mcpserver", "view_mcpserver").post("/admin/chat/mcpserver/add/", given | fields)
    assert reply.status_code == 200
    assert words in reply.text
    assert not McpServer.objects.exists()


def test_what_is_too_long_for_a_model_is_not_offered() -> None:
    from mcp_types import Tool

    fits = Tool(name="a", description="x", input_schema={"type": "object"})
    assert definition_of(fits)
    assert definition_of(fits.model_copy(update={"description": "x" * 5_000})) is None
    assert definition_of(fits.model_copy(update={"input_schema": {"a": "x" * 30_000}})) is None
