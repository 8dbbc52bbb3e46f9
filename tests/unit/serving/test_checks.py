"""What the system checks say of how a project is served."""

import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from chat.models.checks import check_connections
from chat.serving.asgi import get_asgi_application
from chat.serving.checks import check_server


def found() -> list[str]:
    return [str(each.id) for each in check_server(None)]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`module(source)`: the dotted path of an application whose module has this source, and fails if imported."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(source: str) -> str:
        name = f"foreign_asgi_{len(list(tmp_path.iterdir()))}"
        (tmp_path / f"{name}.py").write_text(f"{source}\nraise AssertionError\n")
        return f"{name}.application"

    return write


@pytest.mark.django_db
def test_this_site_is_right() -> None:
    assert found() == []
    missing = {"chat.W009"}  # of the browser's libraries, where these tests run without them
    assert not {each.id for each in run_checks() if each.id and each.id.startswith("chat.")} - missing


def test_an_application_of_django_is_unbounded(settings: Any, module: Any) -> None:
    settings.ASGI_APPLICATION = module("from django.core.asgi import get_asgi_application")
    assert found() == ["chat.W001"]
    assert not [name for name in sys.modules if name.startswith("foreign_asgi")]


def test_an_application_of_the_chat_is_bounded(settings: Any, module: Any) -> None:
    settings.ASGI_APPLICATION = module("from chat.serving.asgi import get_asgi_application")
    assert found() == []


@pytest.mark.parametrize("application", ["nowhere.at.all.application", "application", "sys.application"])
def test_what_cannot_be_read_is_not_judged(settings: Any, application: str) -> None:
    settings.ASGI_APPLICATION = application
    assert found() == []


def test_a_project_for_wsgi_alone_learns_what_to_install(settings: Any) -> None:
    del settings.ASGI_APPLICATION
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "daphne"]
    assert found() == ["chat.W002"]
    assert "daphne" in str(check_server(None)[0].hint)
    settings.INSTALLED_APPS = ["daphne", *settings.INSTALLED_APPS]
    assert found() == []


def test_compressed_streams_are_found(settings: Any) -> None:
    settings.MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware", *settings.MIDDLEWARE]
    assert found() == ["chat.W004"]


def test_each_can_be_silenced(settings: Any) -> None:
    settings.MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware", *settings.MIDDLEWARE]
    settings.SILENCED_SYSTEM_CHECKS = ["chat.W004"]
    assert all(each.is_silenced() for each in check_server(None))


def test_a_process_whose_threads_may_hold_too_many_connections_does_not_start(settings: Any) -> None:
    assert check_connections(None) == []
    settings.CHAT_DB_CONNECTIONS = 12
    (fault,) = check_connections(None)
    assert fault.id == "chat.E023"
    with pytest.raises(ImproperlyConfigured, match="CHAT_DB_CONNECTIONS is 12, and the threads of a process hold"):
        get_asgi_application()
