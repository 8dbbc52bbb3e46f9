"""CHAT_MCP_SERVERS and CHAT_MCP_SECRETS: what cannot be in them is said in words, without a value."""

from typing import Any

import pytest

from chat.core.mcp_settings import faults_in_secrets, faults_in_servers

SERVERS: list[Any] = [
    {"name": "time", "command": ["python", "-m", "mcp_server_time"], "environment": {"TZ": "UTC"}},
    {"name": "crm", "address": "https://crm.example.com/mcp"},
]
SECRETS: list[Any] = [{"name": "crm", "variable": "CRM_TOKEN", "origin": "https://crm.example.com"}]


def test_what_can_be_has_no_fault() -> None:
    assert list(faults_in_servers(SERVERS)) == list(faults_in_secrets(SECRETS)) == []
    assert list(faults_in_servers([])) == list(faults_in_secrets([])) == []


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("time", "no table"),
        ({}, "no `name`"),
        ({"name": "s3cret"}, "neither or both"),
        ({"name": "a", "command": ["s3cret"], "address": "https://a/"}, "neither or both"),
        ({"name": "a", "command": "s3cret -m"}, "list of texts"),
        ({"name": "a", "command": []}, "list of texts"),
        ({"name": "a", "address": "s3cret"}, "no http://"),
        ({"name": "a", "address": "https://s3cret:port/"}, "no http://"),
        ({"name": "a", "command": ["b"], "environment": {"A": 1}}, "table of texts"),
        ({"name": "a", "command": ["b"], "groups": ["s3cret"]}, "no member: groups"),
    ],
)
def test_a_server_that_cannot_be_is_said_by_its_place(server: Any, words: str) -> None:
    (fault,) = faults_in_servers([*SERVERS, server])
    assert fault.startswith("server 3")
    assert words in fault
    assert "s3cret" not in fault


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("crm", "`name`, `variable` and `origin`"),
        ({"name": "a", "variable": "B"}, "nothing else"),
        (SECRETS[0] | {"value": "s3cret"}, "nothing else"),
        (SECRETS[0] | {"variable": ""}, "not empty"),
        (SECRETS[0] | {"origin": "s3cret"}, "without a path"),
        (SECRETS[0] | {"origin": "https://crm.example.com/s3cret"}, "without a path"),
    ],
)
def test_a_secret_that_cannot_be_is_said_by_its_place(secret: Any, words: str) -> None:
    (fault,) = faults_in_secrets([*SECRETS, secret])
    assert fault.startswith("secret 2")
    assert words in fault
    assert "s3cret" not in fault
