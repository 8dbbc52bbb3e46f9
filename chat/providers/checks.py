"""System check: is there anybody who answers?"""

from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, register

from chat.conf import settings

NO_PROVIDER = checks.Warning(
    "No model is set up, so no question can be answered.",
    hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL to the address of another OpenAI-compatible API.",
    id="chat.W006",
)


@register
def check_provider(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    answers = settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL or settings.CHAT_LOCAL_MODEL
    return [] if answers else [NO_PROVIDER]
