"""Whether a process should be sent requests."""

import asyncio
import json
import threading

import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse

from chat.diagnostics import health
from chat.diagnostics.health import Readiness

pytestmark = pytest.mark.django_db(transaction=True)


def answered(readiness: Readiness) -> tuple[int, dict[str, str]]:
    response = asyncio.run(_answer(readiness))
    return response.status_code, json.loads(response.content)


async def _answer(readiness: Readiness) -> HttpResponse:
    return await readiness.answer("GET")


def test_a_database_as_this_version_needs_it_is_ready() -> None:
    assert answered(Readiness()) == (200, {"status": "ready"})


def test_without_the_last_migration_it_is_not() -> None:
    last = MigrationRecorder.Migration.objects.filter(app="chat").order_by("name").last()
    assert last
    last.delete()
    try:
        assert answered(Readiness()) == (503, {"status": "not ready", "why": "migrations"})
    finally:
        last.save(force_insert=True)


def test_a_database_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("could not connect to server: password=secret")

    monkeypatch.setattr(health, "connection", type("Away", (), {"cursor": staticmethod(away)}))
    assert answered(Readiness()) == (503, {"status": "not ready", "why": "database"})


def test_one_that_hangs_is_asked_once_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, looks = threading.Event(), []

    def look(_readiness: Readiness) -> str:
        looks.append(threading.current_thread())
        hangs.wait(30)
        return ""

    monkeypatch.setattr(health, "SECONDS", 0.05)
    monkeypatch.setattr(Readiness, "_fault_of_database", look)

    async def ask() -> list[int]:
        readiness = Readiness()
        first = [(await answer).status_code for answer in [readiness.answer("GET") for _ in range(5)]]
        hangs.set()
        monkeypatch.setattr(health, "SECONDS", 30)
        return [*first, (await readiness.answer("GET")).status_code]

    assert asyncio.run(ask()) == [503] * 5 + [200]
    assert len(looks) == 1
