"""What the system checks say of limits that contradict each other."""

from typing import Any

import pytest

from chat.generation.checks import check_limits, check_system_prompt


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"CHAT_IDLE_SECONDS": 900}, []),
        ({"CHAT_IDLE_SECONDS": 901}, ["CHAT_IDLE_SECONDS is 901, which is never reached: CHAT_TOTAL_SECONDS is 900."]),
        ({"CHAT_IDLE_SECONDS": 901, "CHAT_TOTAL_SECONDS": 0}, []),
        ({"CHAT_TOTAL_SECONDS": 10}, []),
        (
            {"CHAT_LIVE_PER_USER": 20, "CHAT_LIVE_PER_PROCESS": 10},
            ["CHAT_LIVE_PER_USER is 20, which is never reached: CHAT_LIVE_PER_PROCESS is 10."],
        ),
    ],
)
def test_limits_that_are_never_reached(changes: dict[str, int], said: list[str], settings: Any) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    assert [found.msg for found in check_limits(None)] == said


def test_a_system_prompt_that_leaves_no_room(settings: Any) -> None:
    settings.CHAT_CONTEXT_TOKENS, settings.CHAT_SYSTEM_PROMPT = 100, "x" * 280
    assert check_system_prompt(None) == []
    settings.CHAT_SYSTEM_PROMPT = "x" * 300
    assert [found.id for found in check_system_prompt(None)] == ["chat.W021"]
    settings.CHAT_CONTEXT_TOKENS = 0
    assert check_system_prompt(None) == []
