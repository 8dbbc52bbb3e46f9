"""What a page offers to its reader: models, and files to attach."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from chat.conf import settings
from chat.models.rights import rights_of
from chat.providers.registry import registry
from chat.tools.toolbox import offered_to


def models_for(user: Any) -> dict[str, object]:
    """For a page's context: the models, and what tells its fragments which these are."""
    return {"models": registry().offered_to(rights_of(user)), "offered": offered_for(user)}


def offered_for(user: Any) -> str | None:
    """A plain value, by which a fragment is one for all who may choose the same: the keys of these models.

    None: as the settings have it for all.
    """
    rights = rights_of(user)
    return "\n".join(model.key for model in registry().offered_to(rights)) if rights.change_models else None


def may_attach(user: Any) -> bool:
    return settings.CHAT_ATTACHMENTS and rights_of(user).may_attach


@dataclass(frozen=True, slots=True)
class ToolSwitch:
    """A tool, and whether the model may call it in a conversation."""

    name: str
    title: str
    changes: bool
    outside: bool
    server: str
    is_on: bool

    @property
    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "title": self.title,
            "changes": self.changes,
            "outside": self.outside,
            "server": self.server,
            "on": self.is_on,
        }


@dataclass(frozen=True, slots=True)
class ToolSwitches:
    """Those of a conversation, for this reader; there are none where no model may call any."""

    rows: list[ToolSwitch]

    @property
    def on(self) -> str:
        """What those are called that are on."""
        return ", ".join(row.title for row in self.rows if row.is_on)

    @property
    def are_off(self) -> bool:
        """Is any?"""
        return not all(row.is_on for row in self.rows)


def tools_for(user: Any, off: Collection[str] = ()) -> ToolSwitches:
    """`off`: the names of those that a conversation has turned off."""
    return ToolSwitches(
        [
            ToolSwitch(tool.name, str(tool.title), tool.changes, tool.outside, tool.server, tool.name not in off)
            for tool in offered_to(user)
        ]
    )


def keys_in(offered: str | None) -> list[str] | None:
    return None if offered is None else offered.split("\n")
