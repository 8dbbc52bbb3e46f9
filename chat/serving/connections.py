"""Connections are looked at in the threads that use them: those that broke or have had their time are opened anew.

Django looks at them whenever a request begins or ends, for which it changes threads: 0.2 ms each. Most requests never
use those connections. Here a thread looks at its own before it does something for a request.
"""

from functools import wraps

from django.core.handlers import exception
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.http import HttpRequest, HttpResponse

from chat.models.threads import with_usable_connection


def check_connections_in_their_threads() -> None:
    """What Django keeps of queries at DEBUG is bounded by itself."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_started.disconnect(reset_queries)
    check_those_of_error_pages()


def check_those_of_error_pages() -> None:
    """Django makes them in threads of the event loop's own, where it never looked."""
    make = exception.response_for_exception

    @wraps(make)
    def checked(request: HttpRequest, exc: Exception) -> HttpResponse:
        response: HttpResponse = with_usable_connection(make, request, exc)
        return response

    exception.response_for_exception = checked
