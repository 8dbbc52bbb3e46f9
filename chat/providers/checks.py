"""System checks: is there anybody who answers, and is what settings say of them sound?"""

from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, register

from chat.providers.registry import faults, registry

NO_PROVIDER = checks.Warning(
    "No model is set up, so no question can be answered.",
    hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL to the address of another OpenAI-compatible API.",
    id="chat.W006",
)
NO_KEY = "The provider {name!r} lacks its key: its `api_key_variable` names a variable that is not set."


@register
def check_provider(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if found := faults():
        return [checks.Error(sentence, id="chat.E002") for sentence in found]
    providers = registry().providers
    if not any(provider.is_set_up or provider.lacks_key for provider in providers):
        return [NO_PROVIDER]
    return [
        checks.Warning(NO_KEY.format(name=provider.name), hint="Set it where the site is started.", id="chat.W007")
        for provider in providers
        if provider.lacks_key
    ]
