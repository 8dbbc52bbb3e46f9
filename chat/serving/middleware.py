"""Middleware without a change of thread for each of its steps.

Under ASGI Django calls each `process_request`, `process_view` and `process_response` of its middleware in a thread,
for they might ask the database: 17 changes of thread for each request, a third of what an empty request costs
(2.6 ms; 1.8 ms here). They ask it in two cases only, which still get their thread; the rest is looking at headers.
Should one ask it after all, Django raises SynchronousOnlyOperation: it cannot happen unseen.
A response is closed in a thread as well, which only those need that have a file to close: 0.2 ms.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers import asgi
from django.http import HttpRequest, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.deprecation import MiddlewareMixin

from chat.forms.body import FORM_TYPES
from chat.generation.background import see_through


class PolicyMiddleware(CSPMiddleware):  # type: ignore[misc] # untyped base
    """As django-csp's, which builds the site's policy, in 0.1 ms, even for a response that has brought its own."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if HEADER in response else super().process_response(request, response)


def spare_threads() -> None:
    """Let the middleware below run on the event loop, and let responses be closed there."""
    for middleware in NEEDS_THREAD:
        middleware.__acall__ = _call  # type: ignore[method-assign]
    asgi.sync_to_async = _to_async  # type: ignore[attr-defined]


def view_step(method: Callable[..., Any]) -> Callable[..., Any] | None:
    """A `process_view` of the middleware below as a coroutine function; None for any other method."""
    if type(getattr(method, "__self__", None)) not in NEEDS_THREAD:
        return None

    async def step(request: HttpRequest, *args: Any) -> HttpResponseBase | None:
        # To look for its token the CSRF middleware reads a form, which may be large.
        if request.content_type in FORM_TYPES:
            return await see_through(sync_to_async(method)(request, *args), if_left=request.close)
        return method(request, *args)  # type: ignore[no-any-return]

    return step


def _never(request: HttpRequest) -> bool:
    return False


def _saves_session(request: HttpRequest) -> bool:
    return request.session.modified or settings.SESSION_SAVE_EVERY_REQUEST


def _stores_messages(request: HttpRequest) -> bool:
    messages = getattr(request, "_messages", None)
    # Not its truth: that is its length, for which it would ask the database.
    return messages is not None and (messages.used or messages.added_new)


NEEDS_THREAD: dict[type[MiddlewareMixin], Callable[[HttpRequest], bool]] = {
    SecurityMiddleware: _never,
    PolicyMiddleware: _never,
    SessionMiddleware: _saves_session,
    LocaleMiddleware: _never,
    CommonMiddleware: _never,
    CsrfViewMiddleware: _never,
    AuthenticationMiddleware: _never,
    MessageMiddleware: _stores_messages,
    XFrameOptionsMiddleware: _never,
}
"""When a middleware's `process_response` asks the database."""


def _to_async(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """As `sync_to_async`, for what Django's handler calls: to close a response."""
    response = getattr(function, "__self__", None)
    if not isinstance(response, HttpResponseBase) or response._resource_closers:  # type: ignore[attr-defined]
        return sync_to_async(function, **options)

    async def close() -> None:
        function()

    return close


async def _call(self: Any, request: HttpRequest) -> Any:
    """As `MiddlewareMixin.__acall__`, but on the event loop."""
    response = self.process_request(request) if hasattr(self, "process_request") else None
    response = response or await self.get_response(request)
    if not hasattr(self, "process_response"):
        return response
    if NEEDS_THREAD[type(self)](request):
        return await sync_to_async(self.process_response)(request, response)
    return self.process_response(request, response)
