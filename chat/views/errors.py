"""Errors as responses, in the language of the request: JSON for scripts, a page for people."""

import logging
import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve, reverse
from django.utils import translation
from django.utils.cache import patch_cache_control

from chat import errors
from chat.failures import log_failure, unavailable
from chat.failures.log import FAILURE_LOGGED
from chat.forms.body import posted_by_form
from chat.i18n import gettext_noop as _
from chat.i18n import translated

logger = logging.getLogger(__name__)

FOR_SCRIPTS = (
    "conversations",
    "title",
    "flags",
    "conversation_tools",
    "tools",
    "deletion",
    "restoration",
    "ancestors",
    "attachments",
    "thumbnail",
    "attachment_deletion",
    "messages",
    "leave",
    "keep",
    "regenerations",
    "continuations",
    "selection",
    "feedback",
    "share",
    "revocation",
    "offered_prompts",
    "prompt_deletion",
    "import_progress",
    "events",
    "hints",
    "cancellation",
    "test_stream",
)
"""The names of the addresses that a page's scripts ask: their errors are JSON (docs/protocol.md)."""
FOR_SCRIPTS_ALONE = ("attachments",)
"""Those whose scripts post what looks like a plain form, for a file has no other. Plain forms say where they stand."""
BUSY_SECONDS = 10
"""After which to come again, where too many wait: passwords take a third of a second each, or less."""


def error_response(request: HttpRequest, error: errors.ChatError, **context: object) -> HttpResponse:
    """`error` as JSON, or as a page where a form posted or a person navigates. Kept by no cache."""
    if wants_json(request):
        response: HttpResponse = JsonResponse(_as_json(error), status=error.status)
    else:
        response = render(request, "chat/errors/error.html", _page_of(request, error) | context, status=error.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    patch_cache_control(response, no_store=True, private=True)
    return response


def _as_json(error: errors.ChatError) -> dict[str, dict[str, object]]:
    """With the address where the notice is accepted, if that is what is missing."""
    said = error.as_json(translated)
    if isinstance(error, errors.NotAccepted):
        said["error"]["notice"] = reverse("chat:notice")
    return said


def failure_response(request: HttpRequest, exc: Exception) -> HttpResponse | None:
    """503, where what failed is the database, a disk or the like; it is logged. None for any other exception.

    Nothing is asked for the page: it knows nobody.
    """
    if not (error := unavailable(exc)):
        return None
    route = request.resolver_match.route if request.resolver_match else ""  # a path may hold a token
    log_failure(logger, exc, "requests are answered 503, the last of them %s /%s", request.method, route)
    setattr(request, FAILURE_LOGGED, True)
    return _for_nobody(request, error, draft=_draft_if_read(request))


def wants_json(request: HttpRequest) -> bool:
    """Is this a request of docs/protocol.md, sent by a script? Whoever sends JSON gets JSON."""
    try:
        found = request.resolver_match or resolve(request.path_info)
        name = found.url_name if found.app_names == ["chat"] else None
    except Resolver404:
        name = None
    if posted_by_form(request):
        return name in FOR_SCRIPTS_ALONE and "back" not in request.GET
    asks = "application/json" in request.headers.get("Accept", "") or request.content_type == "application/json"
    return name in FOR_SCRIPTS or asks


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW. `reason` is for developers; Django logs it.

    Who sent it is not trusted, so the page names nobody and has no token of theirs; what a form sent is given back.
    """
    sentence = _("This page is out of date, so the request could not be trusted. Reload the page and send it again.")
    if not request.COOKIES and not settings.CSRF_USE_SESSIONS:
        sentence = _(
            "Your browser sent no cookie, so the request could not be trusted. "
            "Allow cookies for this site, reload the page and send it again."
        )
    return _for_nobody(request, errors.Forbidden(sentence, code="csrf"), draft=draft_of(request))


def too_large(request: HttpRequest) -> HttpResponse:
    """For a body that is refused before anything looks at it, and before anybody knows who sent it."""
    sentence = _("This is larger than the site accepts. Go back, where your text still is, and shorten it.")
    if request.path in (reverse("chat:imports"), reverse("chat:attachments")):
        sentence = _("This file is larger than the site accepts.")
    error = errors.TooLong(sentence)
    with translation.override(translation.get_language_from_request(request)):
        return _for_nobody(request, error)


def too_busy(request: HttpRequest) -> HttpResponse:
    """For who came where too many wait already (chat/serving/account_threads.py)."""
    sentence = _("Too many are logging in or out just now. Wait a moment, go back and try again.")
    with translation.override(translation.get_language_from_request(request)):
        return _for_nobody(request, errors.Unavailable(sentence, retry_after=BUSY_SECONDS))


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """For whose address is over a limit, before what was sent is looked at (chat/serving/refused_addresses.py)."""
    with translation.override(translation.get_language_from_request(request)):
        return _for_nobody(request, too_many_attempts(seconds))


def too_many_attempts(seconds: int) -> errors.TooMany:
    sentence = _("Too many attempts. Try again in %(wait)s s.")
    return errors.TooMany(sentence, values={"wait": seconds}, retry_after=seconds)


# Django's handlers, for what no view of the chat has answered: these need not know who asks.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _for_nobody(request, errors.BadInput())


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _for_nobody(request, errors.Forbidden())


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _for_nobody(request, errors.NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls it while it handles the exception. It logs that by itself, as CausesFirst has it shortened."""
    if (exc := sys.exc_info()[1]) and (refused := unavailable(exc)):
        return _for_nobody(request, refused, draft=_draft_if_read(request))
    error = errors.ChatError(_("Something went wrong on this site. Your text is kept; please try again."))
    return _for_nobody(request, error)


def _page_of(request: HttpRequest, error: errors.ChatError) -> dict[str, object]:
    """What its page says. Only what a GET asked for can be asked for again by a link."""
    sent = request.POST if error.status == 409 and posted_by_form(request) else QueryDict()  # to be asked anew
    may_try_again = request.method == "GET" and error.status in (429, 500, 503)
    return {
        "error": error,
        "sentence": error.said(translated),
        "status": error.status,
        "may_try_again": may_try_again,
        "sent": sent,
        "attached": sent.getlist("attachments"),
    }


def _for_nobody(request: HttpRequest, error: errors.ChatError, draft: str = "") -> HttpResponse:
    """An error without the account, and of which a database, a session or a user may be what failed."""
    if wants_json(request):
        response: HttpResponse = JsonResponse(error.as_json(translated), status=error.status)
    else:
        response = HttpResponse(_standalone(_page_of(request, error) | {"draft": draft}), status=error.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    patch_cache_control(response, no_store=True, private=True)
    return response


def _standalone(context: dict[str, object]) -> str:
    try:
        return render_to_string("chat/errors/standalone.html", context)
    except ValueError:  # the static files have not been collected
        return f"<!doctype html><title>{context['status']}</title><p>{context['sentence']}</p>"


def _draft_if_read(request: HttpRequest) -> str:
    """What failed may be what reads it, such as the disk of a file that was sent."""
    try:
        return draft_of(request)
    except Exception:
        return ""


def draft_of(request: HttpRequest) -> str:
    """The text that a plain form sent, to be given back."""
    sent = request.POST if posted_by_form(request) else {}
    return sent.get("text") or sent.get("comment") or ""
