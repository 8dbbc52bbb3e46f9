"""Django's middleware without a change of thread for each of its steps.

Under ASGI Django calls each `process_request`, `process_view` and `process_response` of its middleware in a thread,
for they might ask the database: 17 changes of thread for each request, a third of what an empty request costs. They
ask it in two cases only, which still get their thread; the rest is looking at headers. Should one ask it after all,
Django raises SynchronousOnlyOperation: it cannot happen unseen.

MIDDLEWARE names Django's own; the handler puts these in their places (load_middleware.py). A subclass of a project's
stays as it is.
"""

import math
import time
import uuid
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponseBase
from django.middleware import clickjacking, common, csrf, locale, security
from django.utils.cache import patch_vary_headers

from chat.forms.body import FORM_TYPES
from chat.generation.background import see_through
from chat.serving.static_files import Original, ServeStaticMiddleware

try:
    from csp import middleware as csp
    from csp.utils import build_policy
except ImportError:  # django-csp is a project's own choice
    csp = None


DAY = 24 * 3600.0
MOST_COOKIES = 10_000
"""CSRF cookies of which a process knows when it has set them; past it, all are set anew."""


class OnEventLoop:
    """Mixed into a MiddlewareMixin whose next handler is asynchronous."""

    get_response: Callable[[HttpRequest], Any]

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: Any = self.process_request(request) if hasattr(self, "process_request") else None
        response = response or await self.get_response(request)
        if not (finish := getattr(self, "process_response", None)):
            return response  # type: ignore[no-any-return]
        if self.asks_database(request):
            return await sync_to_async(finish)(request, response)  # type: ignore[no-any-return]
        return finish(request, response)  # type: ignore[no-any-return]

    def asks_database(self, request: HttpRequest) -> bool:
        """Does its `process_response`?"""
        return False


class SecurityMiddleware(OnEventLoop, security.SecurityMiddleware):
    pass


class SessionMiddleware(OnEventLoop, sessions.SessionMiddleware):
    def asks_database(self, request: HttpRequest) -> bool:
        return request.session.modified or settings.SESSION_SAVE_EVERY_REQUEST


class LocaleMiddleware(OnEventLoop, locale.LocaleMiddleware):
    pass


class CommonMiddleware(OnEventLoop, common.CommonMiddleware):
    pass


class CsrfViewMiddleware(OnEventLoop, csrf.CsrfViewMiddleware):
    """Sets its cookie anew once a day, and not with each page that has a form: it is kept for a year."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self._set_at: dict[str, float] = {}
        """When this process has set which one."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
            return response
        secret, now = request.META["CSRF_COOKIE"], time.monotonic()
        has_it = request.COOKIES.get(settings.CSRF_COOKIE_NAME) == secret
        if has_it and now < self._set_at.get(secret, -math.inf) + _renewal_seconds():
            request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False
            patch_vary_headers(response, ("Cookie",))  # its forms have a token of the reader's all the same
            return response
        if len(self._set_at) >= MOST_COOKIES:
            self._set_at.clear()
        self._set_at[secret] = now
        return super().process_response(request, response)

    async def process_view(  # type: ignore[override] # awaited where Django's would be called in a thread
        self, request: HttpRequest, *view: Any
    ) -> HttpResponseBase | None:
        check = super().process_view
        # To look for its token it reads a form, which may be large.
        if request.content_type in FORM_TYPES:
            return await see_through(sync_to_async(check)(request, *view), if_left=request.close)
        return check(request, *view)


class AuthenticationMiddleware(OnEventLoop, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(OnEventLoop, messages.MessageMiddleware):
    def asks_database(self, request: HttpRequest) -> bool:
        stored = getattr(request, "_messages", None)
        # Not its truth: that is its length, for which it would ask the database.
        return stored is not None and (stored.used or stored.added_new)


class XFrameOptionsMiddleware(OnEventLoop, clickjacking.XFrameOptionsMiddleware):
    pass


ON_EVENT_LOOP: dict[Any, type[OnEventLoop]] = {
    security.SecurityMiddleware: SecurityMiddleware,
    sessions.SessionMiddleware: SessionMiddleware,
    locale.LocaleMiddleware: LocaleMiddleware,
    common.CommonMiddleware: CommonMiddleware,
    csrf.CsrfViewMiddleware: CsrfViewMiddleware,
    auth.AuthenticationMiddleware: AuthenticationMiddleware,
    messages.MessageMiddleware: MessageMiddleware,
    clickjacking.XFrameOptionsMiddleware: XFrameOptionsMiddleware,
}

if csp:
    NONCE = uuid.uuid4().hex
    """Stands for each in the policy that is made once."""

    class CSPMiddleware(OnEventLoop, csp.CSPMiddleware):  # type: ignore[misc] # untyped base
        """Says the project's one policy as it has been made: to make it takes a seventh of an empty request."""

        def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
            super().__init__(get_response)
            self._policies: tuple[object, str, str] = (None, "", "")
            """Of which settings; without a nonce, and with one."""

        def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
            said = getattr(settings, "CONTENT_SECURITY_POLICY", None)
            if not said or said.get("EXCLUDE_URL_PREFIXES") or _has_policy_of_its_own(response):
                return super().process_response(request, response)  # type: ignore[no-any-return]
            if self._policies[0] is not said:
                self._policies = said, build_policy(), build_policy(nonce=NONCE)
            _, policy, with_nonce = self._policies
            if nonce := getattr(request, "_csp_nonce", None):
                policy = with_nonce.replace(NONCE, nonce)
            else:
                request.csp_nonce = csp.CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
            if policy:
                response.headers.setdefault(csp.HEADER, policy)
            return response

    def _has_policy_of_its_own(response: HttpResponseBase) -> bool:
        """Or none, or are there two?"""
        only_reported = getattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY", None)
        return settings.DEBUG or bool(only_reported) or any(name.startswith("_csp") for name in vars(response))

    ON_EVENT_LOOP[csp.CSPMiddleware] = CSPMiddleware


def _renewal_seconds() -> float:
    """A cookie without an age is the browser's as long as that runs."""
    age = settings.CSRF_COOKIE_AGE
    return DAY if age is None else min(DAY, age / 2)


def on_event_loop(middleware: Any) -> Any:
    """What takes the place of a middleware whose next handler is asynchronous; itself, if nothing does."""
    if middleware is csrf.CsrfViewMiddleware and settings.CSRF_USE_SESSIONS:
        return middleware  # each of its steps may read the session
    if middleware is Original:
        return ServeStaticMiddleware
    return ON_EVENT_LOOP.get(middleware, middleware)
