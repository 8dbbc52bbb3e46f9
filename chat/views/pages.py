"""Pages: made of their templates, and compressed."""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template import RequestContext
from django.template.loader import get_template
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response

from chat.forms.body import fault_in
from chat.views.compression import compressed
from chat.views.time_zones import zone_of


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, object], status: int = 200
) -> HttpResponseBase:
    """For the thread that renders: compressing a long page would hold up every stream of the event loop.

    The thread is none of the request's, and does not know its language.
    """
    with translation.override(language_of(request)), timezone.override(zone_of(request)):
        return compressed(request, HttpResponse(_rendered(request, template, context), status=status))


def _rendered(request: HttpRequest, template: str, values: Mapping[str, object]) -> str:
    """As `django.shortcuts.render`, but that nothing refers to its context afterwards.

    Django's own refers to itself, so that all that a page is made of would wait for Python to look for cycles.
    """
    found: Any = get_template(template)
    context = RequestContext(request, autoescape=found.backend.engine.autoescape)
    for name, value in values.items():
        context[name] = value
    try:
        return str(found.template.render(context))
    finally:
        context.pop()


def render_form(request: HttpRequest, template: str, form: Form, **context: object) -> HttpResponseBase:
    """The page of a form: to be filled in, or with what is wrong in it. For the thread that renders."""
    response = render_page(request, template, {"form": form, **context})
    fault = fault_in(form) if form.is_bound else None
    response.status_code = fault.status if fault else response.status_code
    return response


def render_if_changed(
    request: HttpRequest, template: str, context: Mapping[str, object], fingerprint: str
) -> HttpResponseBase:
    """As `render_page`; `fingerprint` is the same as long as `context` gives the same page, in one language."""
    etag = page_tag(request, fingerprint)
    return _answer_unless(request, etag, partial(render_page, request, template, context))


def answer_if_changed(
    request: HttpRequest, fingerprint: str, answer: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """`answer()`; 304, without asking it, if `If-None-Match` says that this is there already (RFC 9110, 13.1.2)."""
    return _answer_unless(request, _tag(fingerprint), answer)


def page_tag(request: HttpRequest, fingerprint: str) -> str:
    """The ETag that `render_if_changed` gives it."""
    return _tag(f"{language_of(request)} {fingerprint}")


def _tag(fingerprint: str) -> str:
    """Weak: what it is of may go out compressed or not."""
    return f'W/"{hashlib.sha256(fingerprint.encode(errors="surrogatepass")).hexdigest()}"'


def _answer_unless(request: HttpRequest, etag: str, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or answer()
    response.headers["ETag"] = etag
    return response


def language_of(request: HttpRequest) -> str:
    """As the locale middleware has found it."""
    language: str = getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)
    return language
