"""What a tool is, whoever supplies it: one of the project, a built-in one, or one of an MCP server."""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from chat.core.limits import (
    SOURCE_ADDRESS_CHARACTERS,
    SOURCE_TITLE_CHARACTERS,
    SOURCES_PER_CALL,
    TOOL_NAME_CHARACTERS,
)
from chat.tools.reader import Reader

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from chat.models import Conversation

logger = logging.getLogger(__name__)

NAME = re.compile(f"[a-zA-Z0-9_-]{{1,{TOOL_NAME_CHARACTERS}}}")
"""By which models call a tool: what services take."""
ODD = re.compile(r"[^a-zA-Z0-9_-]")
"""What no such name has."""

Found: TypeAlias = tuple[str, str, str]
"""A source: its title, its address ("" if it has none), and which object of the project it is, for people."""


class ToolError(Exception):
    """What went wrong, in a sentence for the model, which may tell the user or try again otherwise."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = str(sentence)


class Unanswered(ToolError):
    """It was begun, and no answer came: whether it was done nobody knows."""


class InvalidArguments(ToolError):
    """They are not what the tool's schema says: the sentence says what is wrong with which."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What came of a call, before it is cut."""

    content: str
    sources: tuple[Found, ...] = ()
    images: tuple[bytes, ...] = ()
    """In it, as they came: nobody has looked at them yet."""
    attachments: tuple[UUID, ...] = ()
    """Those that are kept (chat/tools/images.py)."""


@dataclass(slots=True)
class Context:
    """For whom a tool runs, and where. It is made anew for each call."""

    user: Any
    """Who asks: the owner of the conversation."""
    conversation: Conversation
    call_id: str = ""
    """The same whenever this call is run again, and no other's: by it a tool knows what it has done already."""
    message_id: UUID | None = None
    """The answer in which it is called."""
    sources: list[Found] = field(default_factory=list)
    reader: Reader = field(default_factory=Reader.here, repr=False)
    """Whose language and time zone are active while it runs."""
    begun: Callable[[], None] = field(default=lambda: None, repr=False)
    """Called by a tool that has waited for its turn: its time counts from now on."""

    def source(self, title: str, target: Any = "") -> None:
        """The answer rests on this: a page (`https://…`, or a path of this site), or an object with an address.

        What has neither is named by its title. Past SOURCES_PER_CALL nothing is added.
        """
        url, thing = (_address(target), "") if isinstance(target, str) else _address_and_name(target)
        found = " ".join(str(title).split())[:SOURCE_TITLE_CHARACTERS], url, thing
        if found not in self.sources and len(self.sources) < SOURCES_PER_CALL:
            self.sources.append(found)


@dataclass(frozen=True, kw_only=True)
class Tool(ABC):
    name: str
    """By which models call it (NAME)."""
    title: _StrOrPromise
    """For people."""
    description: str
    """For models."""
    parameters: Mapping[str, Any]
    """The JSON Schema of its arguments, an object."""
    changes: bool = False
    """Does it change something? Each call then waits for the user's yes, and is never run twice."""
    outside: bool = False
    """Does it send data outside?"""
    is_waived: bool = False
    """Do staff waive the yes of a call that sends data outside?"""
    server: str = ""
    """The MCP server whose tool it is; empty for one of the project."""

    def asks(self, tainted: bool) -> bool:
        """Does a call of it wait for the user's yes? `tainted`: what others wrote may have made the model call it."""
        return self.changes or (self.outside and tainted and not self.is_waived)

    @property
    def has_turns(self) -> bool:
        """Does a call wait for its turn before it begins, and then say so (`Context.begun`)?"""
        return False

    @property
    def definition(self) -> dict[str, Any]:
        """As services want it: https://platform.openai.com/docs/api-reference/chat/create"""
        described = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": described}

    @abstractmethod
    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments as `call` takes them. Raises InvalidArguments."""

    @abstractmethod
    def is_available(self, user: Any) -> bool:
        """May this user use it now? Asked when it is offered and again when it runs, where the database may be."""

    @classmethod
    def available_to(cls, user: Any, tools: Sequence[Any]) -> Sequence[Any]:
        """Those of these, all of this class, that this user may use now. What fails to say so says no."""
        return [tool for tool in tools if tool.may_be_used_by(user)]

    def may_be_used_by(self, user: Any) -> bool:
        """As `is_available`. What fails to say so says no."""
        try:
            return bool(self.is_available(user))
        except Exception:
            logger.exception("Whether a user may use the tool %s cannot be said, so none may", self.name)
            return False

    @abstractmethod
    async def call(self, context: Context, arguments: dict[str, Any]) -> Returned:
        """Run it. Raises ToolError; what else it raises is a fault of its own."""


def _address(url: str) -> str:
    """Raises ValueError for what a page must not link to."""
    if url and not url.startswith(("https://", "http://", "/")):
        raise ValueError("The address of a source begins with https://, http:// or /.")
    if len(url) > SOURCE_ADDRESS_CHARACTERS:
        raise ValueError(f"The address of a source is longer than {SOURCE_ADDRESS_CHARACTERS} characters.")
    return url


def _address_and_name(target: Any) -> tuple[str, str]:
    """Of an object of the project."""
    absolute = getattr(target, "get_absolute_url", None)
    meta = getattr(target, "_meta", None)
    name = f"{meta.verbose_name} {target.pk}" if meta else str(target)
    return _address(str(absolute())) if absolute else "", name[:SOURCE_TITLE_CHARACTERS]
