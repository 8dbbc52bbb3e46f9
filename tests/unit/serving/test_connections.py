"""No thread goes on with a connection that has had its time, as one has that the database has closed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.handlers import exception
from django.db import connection
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from chat.models.threads import with_usable_connection
from chat.serving.connections import check_those_of_error_pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def checked() -> Iterator[None]:
    before = exception.response_for_exception
    check_those_of_error_pages()
    yield
    exception.response_for_exception = before


def is_kept_for(work: Callable[[], object]) -> bool:
    def in_a_thread() -> bool:
        connection.ensure_connection()
        before = connection.connection
        connection.close_at = 0.0
        try:
            work()
            return connection.connection is before
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(in_a_thread).result()


def page_of_an_error() -> None:
    request: Any = RequestFactory().get("/nowhere/")
    request.user = AnonymousUser()
    response: HttpResponse = exception.response_for_exception(request, Http404())
    assert response.status_code == 404


def test_the_work_of_a_request_begins_with_a_look() -> None:
    assert not is_kept_for(lambda: with_usable_connection(connection.ensure_connection))


def test_so_does_the_page_of_an_error(checked: None) -> None:
    assert not is_kept_for(page_of_an_error)


def test_it_would_be_kept_without_that() -> None:
    assert is_kept_for(page_of_an_error)
