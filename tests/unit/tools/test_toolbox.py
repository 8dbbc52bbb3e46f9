"""Which tools an answer may use, and what the command says of them."""

import asyncio
import io
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from chat.conversations.tools import turn_tool
from chat.core.limits import TOOLS_OFF
from chat.errors import Conflict, NotFound
from chat.models import Conversation
from chat.tools import registry, toolbox
from chat.tools.python import PythonTool, made
from chat.tools.toolbox import EMPTY, toolbox_for


def find_orders(customer: str) -> str:
    """Orders."""
    return customer


def broken(user: Any) -> bool:
    raise ZeroDivisionError


@pytest.fixture
def supplied(monkeypatch: pytest.MonkeyPatch) -> list[PythonTool]:
    """All tools that there are."""
    found = list[PythonTool]()
    monkeypatch.setattr(registry, "_suppliers", [lambda: found])
    monkeypatch.setattr(registry, "_stored", [])
    return found


def test_without_tools_nothing_is_asked(supplied: list[PythonTool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolbox, "in_database", None)
    assert asyncio.run(toolbox_for(1, Conversation())) is EMPTY
    assert not EMPTY.definitions
    supplied.append(made(find_orders))
    assert asyncio.run(toolbox_for(1, Conversation(tools_off="find_orders other"))) is EMPTY


def test_an_answer_has_what_its_asker_may_use_and_has_not_turned_off(
    supplied: list[PythonTool], owned: tuple[User, Conversation]
) -> None:
    user, conversation = owned
    supplied += [
        made(find_orders),
        made(find_orders, name="off"),
        made(find_orders, name="of_staff", available=lambda user: user.is_staff),
        made(find_orders, name="permitted", permission="chat.view_conversation"),
        made(find_orders, name="broken", available=broken),
        made(find_orders, title="The same again", name="find_orders"),
    ]
    turn_tool(user.pk, conversation.pk, "off", is_on=False)
    conversation.refresh_from_db()
    found = asyncio.run(toolbox_for(user.pk, conversation))
    assert list(found.tools) == ["find_orders"]
    assert found.tools["find_orders"].title == "Find orders"
    (definition,) = found.definitions
    assert definition["type"] == "function"
    assert definition["function"]["name"] == "find_orders"
    assert definition["function"]["parameters"]["required"] == ["customer"]
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not asyncio.run(toolbox_for(user.pk, conversation))
    assert not asyncio.run(toolbox_for(user.pk + 1, conversation))


def test_a_supplier_that_fails_takes_nothing_from_others(
    supplied: list[PythonTool], monkeypatch: pytest.MonkeyPatch
) -> None:
    supplied.append(made(find_orders))
    monkeypatch.setattr(registry, "_suppliers", [lambda: 1 / 0, lambda: supplied])
    assert list(registry.tools()) == ["find_orders"]


@pytest.mark.django_db
def test_a_tool_is_turned_off_and_on_by_its_conversations_owner_alone() -> None:
    alice, bob = User.objects.create(username="alice"), User.objects.create(username="bob")
    conversation = Conversation.objects.create(owner=alice)
    assert turn_tool(alice.pk, conversation.pk, "b", is_on=False) == {"b"}
    assert turn_tool(alice.pk, conversation.pk, "a", is_on=False) == {"a", "b"}
    assert turn_tool(alice.pk, conversation.pk, "a", is_on=False) == {"a", "b"}
    conversation.refresh_from_db()
    assert conversation.tools_off == "a b"
    assert turn_tool(alice.pk, conversation.pk, "b", is_on=True) == {"a"}
    with pytest.raises(NotFound):
        turn_tool(bob.pk, conversation.pk, "a", is_on=True)
    with pytest.raises(NotFound):
        turn_tool(alice.pk, uuid4(), "a", is_on=True)
    Conversation.objects.filter(pk=conversation.pk).update(tools_off=" ".join(map(str, range(TOOLS_OFF))))
    with pytest.raises(Conflict):
        turn_tool(alice.pk, conversation.pk, "a", is_on=False)
    assert len(turn_tool(alice.pk, conversation.pk, "7", is_on=True)) == TOOLS_OFF - 1


def said(**options: Any) -> str:
    output = io.StringIO()
    call_command("tools", stdout=output, no_color=True, **options)
    return output.getvalue()


@pytest.mark.django_db
def test_a_command_lists_them(supplied: list[PythonTool]) -> None:
    assert said() == "There are none: see docs/tools.md.\n"
    supplied += [
        made(find_orders, changes=True, outside=True),
        made(find_orders, name="of_staff", available=lambda user: user.is_staff),
    ]
    assert said().startswith("find_orders: Find orders, changes something, sends data outside\nOrders.\n{\n")
    assert '"customer": {' in said()
    assert "of_staff: Of staff\n" in said()
    User.objects.create(username="tom")
    assert "of_staff" not in said(user="tom")
    with pytest.raises(CommandError, match="no user called 'tim'"):
        said(user="tim")
