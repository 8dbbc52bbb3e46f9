"""The tools of MCP servers that staff have turned on, as models are offered them.

They are read in the database when an answer or a page asks for tools, and not again for a few seconds. Whether a user
may call them is asked of the database each time, so what staff turn off is off at once.
"""

import json
import logging
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from chat.core.limits import TOOL_NAME_CHARACTERS
from chat.failures import log_failure
from chat.models.mcp import McpServer, McpTool
from chat.models.threads import in_database
from chat.tools.base import ODD, Context, InvalidArguments, Returned, Tool, ToolError
from chat.tools.mcp.configuration import Endpoint, Misconfigured, endpoint_of
from chat.tools.registry import names_besides, register_stored

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 5.0
ARGUMENTS_CHARACTERS = 100_000
SAID = ("digest", "is_read_only", "stays_inside", "is_waived")
"""What staff say of a tool, of which an answer that runs must hear."""


@dataclass(frozen=True, kw_only=True)
class ServerTool(Tool):
    pk: int
    remote: str
    """What its server calls it."""
    digest: str

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """What they have to be is the server's to say: a regular expression of its schema may take for ever."""
        if len(json.dumps(arguments)) > ARGUMENTS_CHARACTERS:
            raise InvalidArguments("They are too long.")
        return arguments

    def is_available(self, user: Any) -> bool:
        return bool(self.available_to(user, [self]))

    @classmethod
    def available_to(cls, user: Any, tools: Sequence[Any]) -> Sequence[Any]:
        """By one query: there may be hundreds. None for which staff have asked for more than it does, since then."""
        said = {row.pk: row for row in _usable(user).filter(pk__in=[tool.pk for tool in tools]).only(*SAID)}
        return [tool for tool in tools if tool.pk in said and tool.is_as_strict_as(said[tool.pk])]

    def is_as_strict_as(self, row: McpTool) -> bool:
        """Is it the tool that staff have seen, and does it ask wherever that one asks by now?"""
        may_change = self.changes or row.is_read_only
        may_send = self.outside or row.stays_inside
        return self.digest == row.digest and may_change and may_send and (row.is_waived or not self.is_waived)

    async def call(self, context: Context, arguments: dict[str, Any]) -> Returned:
        try:
            endpoint = await in_database(_endpoint, self.pk, context.user)
        except Misconfigured as exc:
            logger.warning("The MCP server %s cannot be asked: %s", self.server, exc)
            raise ToolError(f"The server {self.server} is not set up. Tell those who run this site.") from exc
        # Here, for the package takes long to import, and most sites need it not.
        from chat.tools.mcp.results import returned
        from chat.tools.mcp.sessions import call

        return returned(await call(endpoint, self.remote, arguments, self.digest))


class Catalog:
    """Of this process."""

    def __init__(self) -> None:
        self._tools: Sequence[Tool] = ()
        self._read_at: float | None = None
        self._lock = Lock()

    def tools(self) -> Iterable[Tool]:
        """As they were read last."""
        return self._tools

    @property
    def is_due(self) -> bool:
        """Once a few seconds, and waited for: what the user has said yes to may have been turned on since."""
        return self._read_at is None or time.monotonic() - self._read_at >= REFRESH_SECONDS

    def read(self) -> None:
        """By one for all who ask at once."""
        with self._lock:
            if not self.is_due:
                return
            try:
                self._tools = load()
            except Exception as exc:
                log_failure(logger, exc, "the tools of MCP servers cannot be read")
            self._read_at = time.monotonic()


catalog = Catalog()


def load() -> tuple[ServerTool, ...]:
    """All that anybody may use, by names that nothing else has."""
    taken, found = set(names_besides(catalog.tools)), list[ServerTool]()
    rows = McpTool.objects.filter(is_on=True, changed__isnull=True, server__is_on=True).select_related("server")
    for row in rows.order_by("server__name", "name"):
        name = _name(row, taken)
        taken.add(name)
        found.append(_tool(row, name))
    return tuple(found)


def _tool(row: McpTool, name: str) -> ServerTool:
    return ServerTool(
        name=name,
        title=f"{row.title} ({row.server.name})",
        description=row.description,
        parameters=row.definition.get("parameters") or {"type": "object", "properties": {}},
        changes=not row.is_read_only,
        outside=not row.stays_inside,
        is_waived=row.is_waived,
        server=row.server.name,
        pk=row.pk,
        remote=row.name,
        digest=row.digest,
    )


def _name(row: McpTool, taken: set[str]) -> str:
    """As models may call it: with the server's before it where another tool has it."""
    plain = ODD.sub("_", row.name)[:TOOL_NAME_CHARACTERS]
    if plain not in taken:
        return plain
    long = ODD.sub("_", f"{row.server.name}_{row.name}")[:TOOL_NAME_CHARACTERS]
    return long if long not in taken else f"{long[: TOOL_NAME_CHARACTERS - 11]}_{row.pk}"


def _usable(user: Any) -> Any:
    """The tools that this user may call now."""
    groups = user.groups.all() if hasattr(user, "groups") else []
    return McpTool.objects.filter(is_on=True, changed__isnull=True, server__is_on=True, server__groups__in=groups)


def _endpoint(pk: int, user: Any) -> Endpoint:
    """Raises Misconfigured."""
    server = McpServer.objects.filter(tools=pk).first()
    if not server:
        raise Misconfigured("It is gone.")
    return endpoint_of(server, user)


async def _close() -> None:
    if "chat.tools.mcp.sessions" in sys.modules:
        await sys.modules["chat.tools.mcp.sessions"].close_sessions()


register_stored(catalog, _close)
