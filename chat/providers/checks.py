"""System checks: is there anybody who answers, and is what settings say of them sound?"""

from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, register

from chat.conf import AppSettings, settings
from chat.providers.registry import faults, registry

NO_PROVIDER = checks.Warning(
    "No model is set up, so no question can be answered.",
    hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL to the address of another OpenAI-compatible API.",
    id="chat.W006",
)
NO_KEY = "The provider {name!r} lacks its key: its `api_key_variable` names a variable that is not set."
NOT_A_MODEL = {
    "CHAT_VISION_MODELS": checks.Error(
        "CHAT_VISION_MODELS names a model that CHAT_MODELS does not.",
        hint="It says which of CHAT_MODELS see images.",
        id="chat.E021",
    ),
    "CHAT_TOOL_MODELS": checks.Error(
        "CHAT_TOOL_MODELS names a model that CHAT_MODELS does not.",
        hint="It says which of CHAT_MODELS can call tools.",
        id="chat.E022",
    ),
}


@register
def check_models(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What is said of some of the models, where it is set: the defaults belong together."""
    if settings.CHAT_PROVIDERS or settings.CHAT_LOCAL_MODEL:
        return []
    return [fault for name, fault in NOT_A_MODEL.items() if _names_others(getattr(settings, name), name)]


def _names_others(named: list[str], setting: str) -> bool:
    return named != getattr(AppSettings, setting) and not {*named} <= {*settings.CHAT_MODELS}


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
