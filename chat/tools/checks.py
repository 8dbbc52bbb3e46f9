"""System checks: what is said to be a tool and cannot be one."""

from collections import defaultdict
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, register

from chat.conf import settings
from chat.models.checks import codenames_of
from chat.tools.built_in import BUILT_IN
from chat.tools.python import found, where

UNKNOWN = "chat.E030"
UNDESCRIBABLE = "chat.E031"
COLLIDING = "chat.E032"
NO_PERMISSION = "chat.E033"
UNKNOWN_PERMISSION = "chat.W034"


@register
def check_built_in(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    known = ", ".join(BUILT_IN)
    return [
        checks.Error(
            f"CHAT_TOOLS names {name!r}, which does not come with the chat.", f"Known are: {known}.", id=UNKNOWN
        )
        for name in settings.CHAT_TOOLS
        if name not in BUILT_IN
    ]


@register
def check_described(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    hint = "Until that is mended, no model is offered it. See docs/tools.md."
    return [
        checks.Error(f"{place} cannot be a tool: {reason}.", hint, id=UNDESCRIBABLE) for place, reason in found.faults
    ]


@register
def check_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """With the built-in ones that are on."""
    places = defaultdict[str, list[str]](list)
    for tool in found.tools:
        places[tool.name].append(where(tool.function))
    for name in {*settings.CHAT_TOOLS} & {*BUILT_IN}:
        places[name].append("CHAT_TOOLS")
    return [
        checks.Error(
            f"Several tools are called {name!r}: {', '.join(those)}.",
            "Models know tools by their names: give all but one another, by @tool(name=…).",
            id=COLLIDING,
        )
        for name, those in places.items()
        if len(those) > 1
    ]


@register
def check_permissions(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    asked = [(where(tool.function), permission) for tool in found.tools for permission in tool.permissions]
    return [found for place, permission in asked for found in _fault_in(place, permission)]


def _fault_in(place: str, permission: str) -> list[CheckMessage]:
    codenames = codenames_of(permission.partition(".")[0])
    if codenames is None or "." not in permission:
        sentence = f"{place} asks for {permission!r}, which is no permission of an app that is installed."
        return [checks.Error(sentence, "One is written as in 'shop.view_order'.", id=NO_PERMISSION)]
    if permission.partition(".")[2] not in codenames:
        sentence = f"{place} asks for {permission!r}, which no model of that app has: perhaps nobody may use it."
        return [checks.Warning(sentence, "If a migration makes it, all is well: silence this.", id=UNKNOWN_PERMISSION)]
    return []
