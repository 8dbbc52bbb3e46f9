"""Limits and deadlines that contradict each other: one of the two does nothing, and somebody has set it."""

from collections.abc import Iterator
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, register

from chat.conf import AppSettings, settings
from chat.core.tokens import tokens_of

BOUNDS = (
    ("CHAT_FIRST_TOKEN_SECONDS", "CHAT_TOTAL_SECONDS"),
    ("CHAT_IDLE_SECONDS", "CHAT_TOTAL_SECONDS"),
    ("CHAT_TOOL_SECONDS", "CHAT_TOTAL_SECONDS"),
    ("CHAT_TOOL_CHARS", "CHAT_TOOL_TOTAL_CHARS"),
    ("CHAT_LOCK_SECONDS", "CHAT_STATEMENT_SECONDS"),
    ("CHAT_LIVE_PER_USER", "CHAT_LIVE_PER_PROCESS"),
    ("CHAT_ATTACHMENT_BYTES", "CHAT_STORAGE_PER_USER"),
    ("CHAT_IMPORT_BYTES", "CHAT_STORAGE_PER_USER"),
)
"""What is within what. 0 is no limit."""
LIMITS = "chat.W020"
PROMPT = checks.Warning(
    "CHAT_SYSTEM_PROMPT takes all of CHAT_CONTEXT_TOKENS, and leaves no room for a question.",
    hint="Shorten it, or raise CHAT_CONTEXT_TOKENS to what the model takes.",
    id="chat.W021",
)


@register
def check_limits(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [checks.Warning(sentence, id=LIMITS) for sentence in _never_reached()]


@register
def check_system_prompt(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    tokens = settings.CHAT_CONTEXT_TOKENS
    return [PROMPT] if tokens and tokens_of(settings.CHAT_SYSTEM_PROMPT) >= tokens else []


def _never_reached() -> Iterator[str]:
    for name, bound in BOUNDS:
        value, most = getattr(settings, name), getattr(settings, bound)
        if value != vars(AppSettings)[name] and 0 < most < value:
            yield f"{name} is {value:.15g}, which is never reached: {bound} is {most:.15g}."
