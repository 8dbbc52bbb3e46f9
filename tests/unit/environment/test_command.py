"""`manage.py settings`: what it shows of what is derived. The whole of it: tests/http/test_production.py."""

import io
from typing import Any

import pytest
from django.core.management import call_command

from chatsite.environment.reader import Reading
from chatsite.settings import env


def test_what_is_derived_from_a_secret_is_hidden(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "bus://:s3cret@127.0.0.1"
    monkeypatch.setitem(env.readings, "BUS_URL", Reading(url, "", "environment", "bus://:********@127.0.0.1"))
    settings.CHAT_BUS_URL, settings.CHAT_BUS_TOKEN, settings.CHAT_BUS_SECONDS = url, "s3cret", 5.0
    call_command("settings", stdout=(shown := io.StringIO()))
    assert "s3cret" not in shown.getvalue()
    assert settings.SECRET_KEY not in shown.getvalue()
    rows = {name: rest for name, *rest in (line.split() for line in shown.getvalue().splitlines())}
    assert rows["CHAT_BUS_URL"] == ["bus://:********@127.0.0.1", "derived"]
    assert rows["CHAT_BUS_TOKEN"] == ["********", "derived"]
    assert rows["CHAT_BUS_SECONDS"] == ["5", "derived"]
