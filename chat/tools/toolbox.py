"""The tools that one answer may use."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model

from chat.models import Conversation
from chat.models.threads import in_database
from chat.models.users import UserId
from chat.tools.base import Tool
from chat.tools.reader import Reader
from chat.tools.registry import is_due, read_due, tools

MOST = 128
"""That services take: https://platform.openai.com/docs/api-reference/chat/create"""


@dataclass(frozen=True, slots=True)
class Toolbox:
    tools: Mapping[str, Tool] = field(default_factory=dict)
    """By name."""
    reader: Reader | None = None
    """Whose language and zone tools run in."""

    @property
    def definitions(self) -> list[dict[str, Any]]:
        """As services want them."""
        return [tool.definition for tool in self.tools.values()]

    def find(self, name: str) -> Tool | None:
        return self.tools.get(name)

    def __bool__(self) -> bool:
        return bool(self.tools)


EMPTY = Toolbox()


async def toolbox_for(owner_id: UserId, conversation: Conversation, reader: Reader | None = None) -> Toolbox:
    """What this user may use here now and has not turned off. Costs nothing where there are no tools.

    `reader`: whose language tools run in; by default that of the request in whose context this is called.
    """
    if is_due():
        await in_database(read_due)
    known = tools()
    asked = [tool for name, tool in known.items() if name not in conversation.off]
    if not asked:
        return EMPTY
    found = await in_database(available, asked, owner_id)
    return Toolbox({tool.name: tool for tool in found[:MOST]}, reader or Reader.here())


def available(asked: Iterable[Tool], owner_id: UserId) -> list[Tool]:
    """Those that this user may use now."""
    user = user_of(owner_id)
    return _usable(list(asked), user) if user else []


def offered_to(user: Any) -> list[Tool]:
    """All that this user may use now. In a thread that may ask the database."""
    read_due()
    return _usable(list(tools().values()), user)


def _usable(asked: Sequence[Tool], user: Any) -> list[Tool]:
    """In their order. All of one class are asked about together."""
    names = set[str]()
    for kind in {type(tool) for tool in asked}:
        names |= {tool.name for tool in kind.available_to(user, [tool for tool in asked if type(tool) is kind])}
    return [tool for tool in asked if tool.name in names]


def user_of(owner_id: UserId) -> Any:
    """None where they are gone, or shut out."""
    user = get_user_model()._base_manager.filter(pk=owner_id).first()
    return user if user and user.is_active else None
