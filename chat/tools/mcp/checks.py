"""System checks: servers and secrets that settings name and that cannot be."""

from importlib.util import find_spec
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, register

from chat.conf import settings
from chat.core.mcp_settings import faults_in_secrets, faults_in_servers

WRONG = "chat.E035"
MISSING = "chat.E036"
HINT = "See docs/tools.md."


@register
def check_mcp(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    said = [f"CHAT_MCP_SERVERS: {fault}" for fault in faults_in_servers(settings.CHAT_MCP_SERVERS)]
    said += [f"CHAT_MCP_SECRETS: {fault}" for fault in faults_in_secrets(settings.CHAT_MCP_SECRETS)]
    found: list[CheckMessage] = [checks.Error(fault, HINT, id=WRONG) for fault in said]
    if settings.CHAT_MCP_SERVERS and not find_spec("mcp"):
        found.append(
            checks.Error("CHAT_MCP_SERVERS is set, and the package mcp is missing (extra `mcp`).", id=MISSING)
        )
    return found
