"""What the system checks say of who answers."""

from typing import Any

import pytest
from django.core.checks import run_checks

from chat.providers.checks import check_models, check_provider


@pytest.fixture
def nobody(settings: Any) -> Any:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    settings.CHAT_LOCAL_MODEL = False
    return settings


@pytest.mark.django_db  # Django 6's checks ask it what it can
def test_nobody_answers(nobody: Any) -> None:
    assert [found.id for found in check_provider(None)] == ["chat.W006"]
    assert "chat.W006" in [found.id for found in run_checks()]


@pytest.mark.parametrize(
    ("name", "value"),
    [("OPENAI_API_KEY", "sk-1"), ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), ("CHAT_LOCAL_MODEL", True)],
)
def test_somebody_answers(nobody: Any, name: str, value: object) -> None:
    setattr(nobody, name, value)
    assert check_provider(None) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_BASE_URL", "127.0.0.1:9901"),
        ("OPENAI_API_KEY", '"sk-1"'),
        ("CHAT_MODELS", []),
        ("CHAT_MODELS", ["m" * 201]),
    ],
)
def test_what_the_short_form_cannot_be(settings: Any, name: str, value: object) -> None:
    setattr(settings, name, value)
    (found,) = check_provider(None)
    assert found.id == "chat.E002"
    assert found.msg.startswith(f"{name} ")
    assert "sk-1" not in found.msg


@pytest.mark.parametrize(
    ("models", "vision", "ids"),
    [
        (["a", "b"], ["b"], []),
        (["a", "b"], ["c"], ["chat.E021"]),
        (["a"], ["gpt-4o-mini"], []),
        (["a"], [], []),
    ],
)
def test_models_that_see_are_some_of_the_models(
    settings: Any, models: list[str], vision: list[str], ids: list[str]
) -> None:
    settings.CHAT_MODELS, settings.CHAT_VISION_MODELS = models, vision
    assert [found.id for found in check_models(None)] == ids


@pytest.mark.parametrize(("tools", "ids"), [(["b"], []), (["c"], ["chat.E022"]), (["gpt-4o-mini"], []), ([], [])])
def test_models_that_call_tools_are_some_of_the_models(settings: Any, tools: list[str], ids: list[str]) -> None:
    settings.CHAT_MODELS, settings.CHAT_TOOL_MODELS = ["a", "b"], tools
    assert [found.id for found in check_models(None)] == ids
