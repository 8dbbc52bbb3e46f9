"""What all views of the chat share: who asks, by which method, and how errors are answered.

A view that is a plain function runs in a thread that may use the ORM, together with the look at who asks: one change
of thread for both. A coroutine function stays on the event loop, as one must that waits for something else.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control

from chat.conf import settings
from chat.conversations.temporary import come_back, find_left
from chat.core.rights import ALL, Right
from chat.errors import ChatError, Forbidden, MethodNotAllowed, NotLoggedIn
from chat.failures import unavailable
from chat.generation.background import see_through
from chat.generation.sweeps import start_sweeps
from chat.i18n import gettext_noop as _
from chat.models.threads import in_database, login_in_database, write_in_database
from chat.models.users import has_permission
from chat.usage.quotas import rights_under_quotas
from chat.views.errors import draft_of, error_response, failure_response, wants_json
from chat.views.session_user import get_user
from chat.views.time_zones import zone_of

logger = logging.getLogger(__name__)

NOT_ALLOWED = _("You are not allowed to use this chat. Ask the administrator for the permission.")

P = ParamSpec("P")
R = TypeVar("R")
Answer = Coroutine[Any, Any, HttpResponseBase]
PublicView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, AbstractBaseUser, P], Answer | HttpResponseBase]


def endpoint(
    *allowed: str, head: bool = True, comes_back: bool = True, takes: Right | None = None
) -> Callable[[View[P]], Callable[..., Answer]]:
    """A view for logged-in users and these methods, called with the request and the user.

    Who lacks the right that it `takes` gets 403.

    Who asks for something of a temporary conversation has come back to it, unless `comes_back` is off.

    HEAD goes with GET unless `head` is off, as for a stream, which a HEAD would read to its end for nothing.

    Others get 401 as JSON, or the login page if a form posted or a person navigates; who lacks the permission that
    `CHAT_ALLOWED` names, if any, gets 403; a wrong method gets 405.
    A ChatError becomes its response. Nothing that it answers may be cached, unless it says so itself.
    """

    methods = (*allowed, "HEAD") if "GET" in allowed and head else allowed

    def decorate(view: View[P]) -> Callable[..., Answer]:
        answer: Callable[..., Answer] = _answer_on_event_loop if iscoroutinefunction(view) else _answer_in_thread

        @wraps(view)
        async def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            ids = kwargs if comes_back else {}
            answered = _answered(request, methods, partial(answer, view, takes, request, ids, *args, **kwargs))
            if request.method != "POST":
                return await answered
            # Who asks for something may be gone at once, as a page that is closed after Stop: it is done all the same.
            # Django closes what was uploaded with the response, which those who are gone never get.
            return await see_through(answered, if_left=request.close)

        return wrapped

    return decorate


def public(view: PublicView[P]) -> Callable[..., Answer]:
    """A view for everybody, for GET alone, a plain function.

    It serves nobody in particular: no session is made, and none is read but by `let_in`.
    """

    @wraps(view)
    async def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return await _answered(
            request, ("GET", "HEAD"), lambda: in_thread(in_database, view, request, *args, **kwargs)
        )

    return wrapped


async def _answered(request: HttpRequest, methods: Sequence[str], answer: Callable[[], Answer]) -> HttpResponseBase:
    """What a view answers, or what is said in its place where it fails."""
    start_with_the_first_view()
    # Until we know: an error may have to be shown before, and nothing may ask the database from here.
    request.user = AnonymousUser()
    try:
        if request.method not in methods:
            raise MethodNotAllowed
        response = await _unless_erased(answer(), request)
    except NotLoggedIn as error:
        response = _ask_for_login(request, error)
    except ChatError as error:
        response = error_response(request, error, draft=draft_of(request))
        if isinstance(error, MethodNotAllowed):
            response["Allow"] = ", ".join(methods)
        error.__traceback__ = None  # its frames hold what was sent, and one of them holds the error
    except Exception as exc:
        if not (refused := failure_response(request, exc)):
            raise
        response = refused
    if not response.has_header("Cache-Control"):
        patch_cache_control(response, no_store=True, private=True)
    return response


def let_in(request: HttpRequest) -> None:
    """For a public view that has something for members alone. Raises NotLoggedIn, Forbidden."""
    _let_in(request, {})


def start_with_the_first_view() -> None:
    """Our own handler has started it all before it calls a view (chat/serving/handler.py)."""
    if start_sweeps():
        logger.warning(
            "This process is not served by chat.serving.asgi.get_asgi_application(), "
            "so each open stream may hold a thread and a database connection"
        )


def comes_back_to(request: HttpRequest, conversation_id: Any) -> None:
    """Who asks has come back to this conversation, which was left: said by a view that has read it anyway."""
    request.comes_back_to = conversation_id  # type: ignore[attr-defined]


async def _answer_on_event_loop(
    view: View[...], takes: Right | None, request: HttpRequest, ids: Mapping[str, Any], *args: Any, **kwargs: Any
) -> HttpResponseBase:
    await login_in_database(_let_in, request, ids, takes)
    await _come_back(request)
    with timezone.override(zone_of(request)):  # which a model's tools are to know
        response: HttpResponseBase = await view(request, request.user, *args, **kwargs)  # type: ignore[arg-type,misc]
    return response


async def _answer_in_thread(
    view: View[...], takes: Right | None, request: HttpRequest, ids: Mapping[str, Any], *args: Any, **kwargs: Any
) -> HttpResponseBase:
    def respond() -> HttpResponseBase:
        _let_in(request, ids, takes)
        return view(request, request.user, *args, **kwargs)  # type: ignore[arg-type,return-value]

    try:
        return await in_thread(write_in_database if request.method == "POST" else in_database, respond)
    finally:
        await _come_back(request)


async def in_thread(call: Callable[..., Awaitable[R]], function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """With what is the request's: its language, and where the site is mounted. The thread serves others as well."""
    language, prefix = translation.get_language(), get_script_prefix()

    def work() -> R:
        set_script_prefix(prefix)
        with translation.override(language):
            return function(*args, **kwargs)

    return await call(work)


def _let_in(request: HttpRequest, ids: Mapping[str, Any], takes: Right | None = None) -> None:
    """Finds the user of the session, what they may, and which left conversation these ids are of.

    Raises NotLoggedIn, Forbidden.
    """
    user, permission = get_user(request), settings.CHAT_ALLOWED
    rights = rights_under_quotas(user) if user.is_authenticated else ALL
    request.user = user  # with their rights: an error's page, which asks for them, is made on the event loop
    if not request.user.is_authenticated:
        raise NotLoggedIn
    if not request.user.is_active or (permission and not has_permission(request.user, permission)):
        raise Forbidden(NOT_ALLOWED, code="not_allowed")
    if takes:
        rights.check(takes)
    if left := find_left(ids):
        comes_back_to(request, left)


async def _come_back(request: HttpRequest) -> None:
    """Where writers wait for each other, and not in the way of who only reads."""
    if left := getattr(request, "comes_back_to", None):
        await write_in_database(come_back, request.user.pk, left)


async def _unless_erased(answer: Answer, request: HttpRequest) -> HttpResponseBase:
    """What a view answers. Raises NotLoggedIn if it failed because its user was deleted meanwhile."""
    try:
        return await answer
    except DatabaseError as exc:  # such as a row that refers to a user who is gone
        if unavailable(exc) or not request.user.is_authenticated or await login_in_database(_is_there, request.user):
            raise
        raise NotLoggedIn from exc


def _is_there(user: AbstractBaseUser) -> bool:
    return type(user)._base_manager.filter(pk=user.pk).exists()


def _ask_for_login(request: HttpRequest, error: NotLoggedIn) -> HttpResponse:
    if wants_json(request):
        return error_response(request, error)
    # Nobody can come back to the address of a POST, and its conversation need not exist yet.
    return redirect_to_login(reverse("chat:new") if request.method == "POST" else request.get_full_path())
