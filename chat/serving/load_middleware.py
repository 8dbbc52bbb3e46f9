"""Django's middleware as its ASGI handler loads it, with those in their places that need no change of thread."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.core.handlers import asgi
from django.core.handlers.exception import convert_exception_to_response, response_for_exception
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string

from chat.models.threads import in_context
from chat.serving.middleware import on_event_loop
from chat.serving.missing_files import MissingFiles

logger = logging.getLogger("django.request")

Handler = Callable[[HttpRequest], Any]


class LoadsMiddleware(asgi.ASGIHandler):
    _missing_files = MissingFiles()

    def load_middleware(self, is_async: bool = False) -> None:
        """As Django's (https://docs.djangoproject.com/en/stable/topics/http/middleware/), with ours in their places.

        They take the place of Django's only where those would be asynchronous: what is adapted to what is the same.
        """
        if not is_async:
            super().load_middleware()
            return
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        classes, instances = list[Any](), list[Any]()
        handler, handler_is_async = _never_raising(self._get_response_async), True  # type: ignore[attr-defined]
        for path in reversed(settings.MIDDLEWARE):
            middleware = import_string(path)
            becomes_async = _becomes_async(path, middleware, handler_is_async)
            adapted = self.adapt_method_mode(
                becomes_async, handler, handler_is_async, debug=settings.DEBUG, name=f"middleware {path}"
            )
            try:
                instance = (on_event_loop(middleware) if becomes_async else middleware)(adapted)
            except MiddlewareNotUsed as exc:
                logger.debug("MiddlewareNotUsed(%r): %s", path, exc)
                continue
            if instance is None:
                raise ImproperlyConfigured(f"Middleware factory {path} returned None.")
            classes.append(middleware)
            instances.append(instance)
            self._note_steps(instance)
            handler, handler_is_async = _never_raising(instance), becomes_async
        self._missing_files = MissingFiles(classes, instances)
        # Django takes this for the sign that all is loaded.
        self._middleware_chain = self.adapt_method_mode(True, handler, handler_is_async)

    def _note_steps(self, instance: Any) -> None:
        if step := getattr(instance, "process_view", None):
            self._view_middleware.insert(0, self.adapt_method_mode(True, step))
        if step := getattr(instance, "process_template_response", None):
            self._template_response_middleware.append(self.adapt_method_mode(True, step))
        if step := getattr(instance, "process_exception", None):
            self._exception_middleware.append(self.adapt_method_mode(False, step))


def _becomes_async(path: str, middleware: Any, next_is_async: bool) -> bool:
    can_sync, can_async = getattr(middleware, "sync_capable", True), getattr(middleware, "async_capable", False)
    if not (can_sync or can_async):
        raise RuntimeError(f"Middleware {path} must have at least one of sync_capable/async_capable set to True.")
    return bool(can_async and (next_is_async or not can_sync))


def _never_raising(handler: Handler) -> Handler:
    """As Django's `convert_exception_to_response`, whose threads are any number and never look at their connection."""
    if not iscoroutinefunction(handler):
        return convert_exception_to_response(handler)

    @wraps(handler)
    async def respond(request: HttpRequest) -> HttpResponseBase:
        try:
            response: HttpResponseBase = await handler(request)
        except Exception as exc:
            response = await in_context(response_for_exception, request, exc)
        return response

    return respond
