"""A static file that is not there: answered as it was answered before, without going through all of Django for it.

Whoever looks for holes asks for thousands of them, and so does a page of an older version. Django's answer to one is
kept, and given to whoever asks in the same way for another. That is right only where nothing can make it differ but
what is looked at here, so it is done where static files have been collected and

- there is no middleware but that which is known here or by CHAT_STATIC_MIDDLEWARE, and no address below STATIC_URL
  that a view answers;
- the answer is the chat's own (`handler404`), which knows no user and no session.

A browser sends the same head with each of its requests, but for the path. Once one was answered so, what comes with
the very same head is answered by that, before Django's request is made of it. Of a head a digest is kept: it bears a
session's key.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import translation
from django.utils.log import log_response
from django.utils.module_loading import import_string

from chat.conf import settings as chat
from chat.serving import signals
from chat.serving.account_paths import path_below_mount
from chat.serving.middleware import ON_EVENT_LOOP
from chat.serving.static_files import Original, ServeStaticMiddleware
from chat.views.errors import page_not_found

logger = logging.getLogger("django.request")

MOST_KEPT = 200
"""Answers, one for each language and name of the site that somebody asks by."""
MOST_HEADS = 10_000
"""Whose answer is known, one for each browser and session."""

POLICIES = ("CONTENT_SECURITY_POLICY", "CONTENT_SECURITY_POLICY_REPORT_ONLY")

Key = tuple[object, ...]
Kept = tuple[dict[str, str], bytes]
"""The headers of an answer, and what it says."""
Scope = Mapping[str, Any]


class MissingFiles:
    def __init__(self, middleware: Iterable[type] = (), instances: Iterable[Any] = ()) -> None:
        """Of a handler with this middleware."""
        self._middleware, self._instances = set(middleware), list(instances)
        self._kept: dict[Key, Kept] = {}
        self._by_head: dict[bytes, Kept] = {}

    @cached_property
    def _files(self) -> Any:
        """The middleware that serves static files; None where one that is not there is for Django to answer."""
        found = [one for one in self._instances if type(one) is ServeStaticMiddleware]
        theirs = map(import_string, chat.CHAT_STATIC_MIDDLEWARE)
        is_known = self._middleware <= {*ON_EVENT_LOOP, Original, *theirs}
        return found[0] if found and is_known and _is_answered_alike(found[0]) else None

    def known_answer(self, scope: Scope) -> Kept | None:
        """What has been answered to a request with the very same head; None if one has to look at the request."""
        if not self._by_head or not self._may_be_missing(path_below_mount(scope)) or not signals.are_djangos_own():
            return None
        if kept := self._by_head.get(_head(scope)):
            path = scope["path"].encode("unicode_escape").decode("ascii")
            logger.warning("Not Found: %s", path, extra={"status_code": 404, "request": None})
        return kept

    def answer_to(self, request: HttpRequest, scope: Scope | None = None) -> HttpResponse | None:
        """What has been answered to such a request; None if it is for Django to answer."""
        if not self._is_missing(request) or not (kept := self._kept.get(_key(request))):
            return None
        if scope and not _may_have_any_body(scope):
            if len(self._by_head) >= MOST_HEADS:
                self._by_head.clear()
            self._by_head[_head(scope)] = kept
        headers, content = kept
        response = HttpResponse(content, status=404, headers=headers)
        log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
        return response

    def keep(self, request: HttpRequest, response: HttpResponseBase) -> None:
        if not self._is_missing(request) or response.status_code != 404 or response.cookies:
            return
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[_key(request)] = dict(response.items()), response.content  # type: ignore[attr-defined]

    def _is_missing(self, request: HttpRequest) -> bool:
        return (
            self._may_be_missing(request.path_info)
            and request.method in ("GET", "HEAD")
            and _has_usual_session(request)
        )

    def _may_be_missing(self, path: str) -> bool:
        files = self._files
        return files is not None and path.startswith(files.static_prefix) and path not in files.files


def _head(scope: Scope) -> bytes:
    """All of a request that an answer may depend on, but for its address."""
    said = repr((scope["method"], scope.get("scheme"), *scope["headers"]))
    return hashlib.sha256(said.encode()).digest()


def _may_have_any_body(scope: Scope) -> bool:
    """One whose length the head does not say (RFC 9112, section 6.1): it may be too large."""
    return any(name == b"transfer-encoding" for name, _ in scope["headers"])


def _key(request: HttpRequest) -> Key:
    """All that Django's answer depends on."""
    names = ("HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "CONTENT_TYPE")
    asks_json = "application/json" in request.headers.get("Accept", "")
    language = translation.get_language_from_request(request)
    return request.method, request.is_secure(), asks_json, language, *map(request.META.get, names)


def _has_usual_session(request: HttpRequest) -> bool:
    """What can be no session's key has its cookie deleted."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return settings.SESSION_COOKIE_NAME not in request.COOKIES or (len(key) >= 8 and key.isascii() and key.isalnum())


def _is_answered_alike(files: Any) -> bool:
    """Is every file below the prefix that is not there answered alike?"""
    answer: Any = get_resolver().resolve_error_handler(404)
    policies = [getattr(settings, name, None) or {} for name in POLICIES]
    return (
        files.use_manifest
        and not files.autorefresh
        and not settings.SESSION_SAVE_EVERY_REQUEST
        and not settings.DISALLOWED_USER_AGENTS
        and not any(policy.get("EXCLUDE_URL_PREFIXES") for policy in policies)
        and answer is page_not_found
        and not _answers_below(get_resolver().url_patterns, files.static_prefix.removeprefix("/"))
    )


def _answers_below(entries: Iterable[URLPattern | URLResolver], beginning: str) -> bool:
    """May one of these have an address that begins so?"""
    return any(_may_begin(entry, beginning) for entry in entries)


def _may_begin(entry: URLPattern | URLResolver, beginning: str) -> bool:
    if not isinstance(entry.pattern, RoutePattern):
        return True  # a regular expression, or one for each language
    literal, variable, _ = str(entry.pattern).partition("<")
    if literal.startswith(beginning):
        return True
    if not beginning.startswith(literal):
        return False
    if variable:
        return True
    return isinstance(entry, URLResolver) and _answers_below(entry.url_patterns, beginning[len(literal) :])
