"""System check: is there anybody who answers?"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

NO_PROVIDER = Warning(
    "No model is set up, so no question can be answered.",
    hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL to the address of another OpenAI-compatible API.",
    id="chat.W006",
)


@register
def check_provider(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    ways = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CHAT_LOCAL_MODEL")
    return [] if any(getattr(settings, name, "") for name in ways) else [NO_PROVIDER]
