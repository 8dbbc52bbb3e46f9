"""No thread goes on with a connection that has had its time, as one has that the database has closed."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.handlers import exception
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from chat.models.threads import Pool, with_usable_connection
from chat.serving import load_middleware
from chat.serving.load_middleware import _never_raising
from chat.serving.request_threads import RequestThread

pytestmark = pytest.mark.django_db


def is_kept_for(work: Callable[[], object], thread: ThreadPoolExecutor) -> bool:
    def connected() -> object:
        connection.ensure_connection()
        connection.close_at = 0.0
        return connection.connection

    def work_and_close() -> object:
        try:
            work()
            return connection.connection
        finally:
            connection.close()

    with thread:
        return thread.submit(connected).result() is thread.submit(work_and_close).result()


def is_kept_by_the_error_page_of(converted: Callable[[Callable[..., Any]], Callable[..., Any]]) -> bool:
    """Django makes it in a thread of the event loop's own, of which there is one here."""

    async def view(request: HttpRequest) -> HttpResponse:
        raise Http404

    async def ask() -> None:
        request: Any = RequestFactory().get("/nowhere/")
        request.user = AnonymousUser()
        response: HttpResponse = await converted(view)(request)
        assert response.status_code == 404

    def connection_here(is_new: bool) -> Any:
        if is_new:
            connection.ensure_connection()
            connection.close_at = 0.0
        return connection.connection

    async def compare() -> bool:
        with ThreadPoolExecutor(1) as thread:
            loop = asyncio.get_running_loop()
            loop.set_default_executor(thread)
            before = await loop.run_in_executor(thread, connection_here, True)
            try:
                await ask()
                return await loop.run_in_executor(thread, connection_here, False) is before
            finally:
                await loop.run_in_executor(thread, lambda: connection.close())

    return asyncio.run(compare())


def test_the_work_of_a_request_begins_with_a_look() -> None:
    assert is_kept_for(connection.ensure_connection, ThreadPoolExecutor(1))
    assert not is_kept_for(lambda: with_usable_connection(connection.ensure_connection), ThreadPoolExecutor(1))
    assert not is_kept_for(connection.ensure_connection, RequestThread("request", 0))


def test_so_does_the_page_of_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made where others read, and not in the threads of the event loop, which are many."""
    made_in: list[str] = []

    def make(*_: Any) -> HttpResponse:
        made_in.append(threading.current_thread().name.rpartition("_")[0])
        return HttpResponse(status=404)

    monkeypatch.setattr(load_middleware, "response_for_exception", make)
    assert is_kept_by_the_error_page_of(_never_raising)
    assert made_in == ["chat-reading"]
    assert not is_kept_for(connection.ensure_connection, Pool("reading"))


def test_it_would_be_kept_without_that() -> None:
    assert is_kept_by_the_error_page_of(exception.convert_exception_to_response)
