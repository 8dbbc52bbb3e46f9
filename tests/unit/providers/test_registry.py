"""Which models answer: by the short form, or by CHAT_PROVIDERS."""

from typing import Any

import pytest

from chat.providers.checks import check_provider
from chat.providers.log import masked
from chat.providers.registry import registry

HOUSE: dict[str, Any] = {"name": "house", "address": "http://127.0.0.1:9/v1", "models": [{"name": "llama"}]}


def test_the_short_form_is_one_provider(settings: Any) -> None:
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = "http://127.0.0.1:9/v1", "sk-1"
    settings.CHAT_MODELS, settings.CHAT_VISION_MODELS = ["small", "large"], ["large", "other"]
    settings.CHAT_TOOL_MODELS = ["small", "other"]
    (provider,) = registry().providers
    assert (provider.name, provider.label, provider.address, provider.api_key) == (
        "default",
        "",
        "http://127.0.0.1:9/v1",
        "sk-1",
    )
    assert [(each.key, each.name, each.title, each.vision, each.tools) for each in registry().offered] == [
        ("small", "small", "small", False, True),
        ("large", "large", "large", True, False),
    ]
    assert registry()["unknown"].provider == provider
    assert registry().find("unknown") is None


def test_settings_that_change_are_seen(settings: Any) -> None:
    settings.CHAT_MODELS = ["small"]
    before = registry()
    assert registry() is before
    settings.CHAT_MODELS = ["small", "large"]
    assert [model.key for model in registry().offered] == ["small", "large"]


def test_several_providers_take_the_place_of_the_short_form(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_KEY", "sk-hub")
    settings.OPENAI_API_KEY = "sk-1"
    hub = {"name": "hub", "api_key_variable": "HUB_KEY", "models": [{"name": "o", "offered": False}]}
    settings.CHAT_PROVIDERS = [HOUSE, hub]
    assert [model.key for model in registry().models] == ["llama", "o"]
    assert [model.key for model in registry().offered] == ["llama"]
    with pytest.raises(KeyError):
        registry()["gpt-4o-mini"]
    assert check_provider(None) == []
    assert masked("sk-hub of sk-1") == "[key] of [key]"


def test_the_checks_say_what_is_wrong(settings: Any) -> None:
    settings.CHAT_PROVIDERS = [HOUSE | {"label": 1, "models": []}]
    found = check_provider(None)
    assert [(each.id, each.is_serious()) for each in found] == [("chat.E002", True)] * 2
    assert 'provider "house": `label` is a text.' in found[0].msg


def test_the_checks_say_which_key_is_missing(settings: Any) -> None:
    hub = HOUSE | {"name": "hub", "api_key_variable": "HUB_KEY", "models": [{"name": "o"}]}
    settings.CHAT_PROVIDERS = [HOUSE, hub]
    (found,) = check_provider(None)
    assert (found.id, found.is_serious()) == ("chat.W007", False)
    assert "'hub' lacks its key" in found.msg


def test_no_model_at_all_is_said(settings: Any) -> None:
    settings.CHAT_MODELS = []
    assert [(each.id, each.msg) for each in check_provider(None)] == [("chat.E002", "CHAT_MODELS names no model.")]


def test_titles_are_of_a_model_that_is_known(settings: Any) -> None:
    settings.CHAT_TITLE_MODEL = "unknown"
    assert check_provider(None) == [], "The one service may have more models than users may pick"
    settings.CHAT_PROVIDERS = [HOUSE]
    assert [each.msg for each in check_provider(None)] == [
        "CHAT_TITLE_MODEL is the key of no model of CHAT_PROVIDERS."
    ]


def test_a_model_is_the_same_still_as_long_as_its_provider_is(settings: Any) -> None:
    hub = HOUSE | {"name": "hub", "models": [{"name": "o"}, {"name": "hidden", "offered": False}]}
    settings.CHAT_PROVIDERS = [HOUSE, hub]
    for provider, key, is_still in [
        ("house", "llama", True),
        ("hub", "llama", False),
        ("away", "llama", False),
        ("default", "llama", True),
        ("default", "gone", False),
        ("hub", "hidden", False),
    ]:
        assert bool(registry().still(provider, key)) == is_still, (provider, key)
    settings.CHAT_PROVIDERS = [HOUSE, hub | {"name": "default"}]
    assert not registry().still("default", "llama")
