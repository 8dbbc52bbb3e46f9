"""What `manage.py check` says of tools."""

from typing import Any

import pytest

from chat.tools import checks, python, tool
from chat.tools.python import Found


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Found()
    monkeypatch.setattr(python, "found", found)
    monkeypatch.setattr(checks, "found", found)


def findings() -> list[str]:
    found = [
        *checks.check_built_in(None),
        *checks.check_described(None),
        *checks.check_names(None),
        *checks.check_permissions(None),
    ]
    return [f"{each.id} {each.msg}" for each in found]


HERE = f"{__name__}.test_what_cannot_be_a_tool_is_said.<locals>"


def test_what_cannot_be_a_tool_is_said(settings: Any) -> None:
    settings.CHAT_TOOLS = ["current_time", "search"]

    @tool
    def fine(customer: str) -> str:
        """Fine."""
        return customer

    @tool()
    def undocumented(customer: str) -> str:
        return customer

    @tool(name="current_time", permission="chat.view_conversation")
    def clock() -> str:
        """Another."""
        return ""

    @tool(permission=["chat.view_converstion", "shop.view_order"])
    def mistyped() -> str:
        """Another."""
        return ""

    @tool(permission="view_order")
    def without_app() -> str:
        """Another."""
        return ""

    assert fine("as it is") == "as it is"
    assert [each.name for each in python.found.tools] == ["fine", "current_time", "mistyped", "without_app"]
    assert findings() == [
        "chat.E030 CHAT_TOOLS names 'search', which does not come with the chat.",
        f"chat.E031 {HERE}.undocumented cannot be a tool: it has no docstring, by which a model knows what it is for.",
        f"chat.E032 Several tools are called 'current_time': {HERE}.clock, CHAT_TOOLS.",
        (
            f"chat.W034 {HERE}.mistyped asks for 'chat.view_converstion', which no model of that app has: "
            "perhaps nobody may use it."
        ),
        f"chat.E033 {HERE}.mistyped asks for 'shop.view_order', which is no permission of an app that is installed.",
        f"chat.E033 {HERE}.without_app asks for 'view_order', which is no permission of an app that is installed.",
    ]
