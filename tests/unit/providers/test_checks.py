"""What the system checks say of who answers."""

import pytest
from django.core.checks import run_checks
from pytest_django import SettingsWrapper

from chat.providers.checks import check_provider


@pytest.fixture
def nobody(settings: SettingsWrapper) -> SettingsWrapper:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    settings.CHAT_LOCAL_MODEL = False
    return settings


def test_nobody_answers(nobody: SettingsWrapper) -> None:
    assert [found.id for found in check_provider(None)] == ["chat.W006"]
    assert "chat.W006" in [found.id for found in run_checks()]


@pytest.mark.parametrize(
    ("name", "value"),
    [("OPENAI_API_KEY", "sk-1"), ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), ("CHAT_LOCAL_MODEL", True)],
)
def test_somebody_answers(nobody: SettingsWrapper, name: str, value: object) -> None:
    setattr(nobody, name, value)
    assert check_provider(None) == []
