"""What all views of the chat share: who asks, by which method, and how errors are answered."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_cache_control

from chat.conf import settings
from chat.conversations.temporary import come_back, find_left
from chat.errors import ChatError, Forbidden, MethodNotAllowed, NotLoggedIn, Unavailable
from chat.generation.background import see_through
from chat.generation.sweeps import start_sweeps
from chat.i18n import gettext_noop as _
from chat.models.threads import login_in_database, write_in_database
from chat.models.users import has_permission
from chat.views.errors import draft_of, error_response, wants_json
from chat.views.session_user import get_user

logger = logging.getLogger(__name__)

NO_DATABASE = _("The site cannot reach its database just now. Your text is kept; send it again in a moment.")

NOT_ALLOWED = _("You are not allowed to use this chat. Ask the administrator for the permission.")

P = ParamSpec("P")
Answer = Coroutine[Any, Any, HttpResponseBase]
PublicView = Callable[Concatenate[HttpRequest, P], Answer]
View = Callable[Concatenate[HttpRequest, AbstractBaseUser, P], Answer]


def endpoint(*allowed: str, head: bool = True, comes_back: bool = True) -> Callable[[View[P]], Callable[..., Answer]]:
    """A view for logged-in users and these methods, called with the request and the user.

    Who asks for something of a temporary conversation has come back to it, unless `comes_back` is off.

    HEAD goes with GET unless `head` is off, as for a stream, which a HEAD would read to its end for nothing.

    Others get 401 as JSON, or the login page if a form posted or a person navigates; who lacks the permission that
    `CHAT_ALLOWED` names, if any, gets 403; a wrong method gets 405.
    A ChatError becomes its response. Nothing that it answers may be cached.
    """

    methods = (*allowed, "HEAD") if "GET" in allowed and head else allowed

    def decorate(view: View[P]) -> Callable[..., Answer]:
        async def respond(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            start_with_the_first_view()
            # Until we know: an error may have to be shown before, and nothing may ask the database from here.
            request.user = AnonymousUser()
            try:
                if request.method not in methods:
                    raise MethodNotAllowed
                ids = kwargs if comes_back else {}
                user, is_allowed, left = await login_in_database(_who_asks, request, ids)
                request.user = user
                if not user.is_authenticated:
                    raise NotLoggedIn
                if not is_allowed:
                    raise Forbidden(NOT_ALLOWED, code="not_allowed")
                if left:
                    await write_in_database(come_back, user.pk, left)
                response = await _unless_erased(view(request, user, *args, **kwargs), user)
            except (OperationalError, InterfaceError):
                logger.exception("The database failed")
                response = error_response(request, Unavailable(NO_DATABASE, retry_after=5), draft=draft_of(request))
            except NotLoggedIn as error:
                response = _ask_for_login(request, error)
            except ChatError as error:
                response = error_response(request, error, draft=draft_of(request))
                if isinstance(error, MethodNotAllowed):
                    response["Allow"] = ", ".join(methods)
                error.__traceback__ = None  # its frames hold what was sent, and one of them holds the error
            if not response.has_header("Cache-Control"):
                patch_cache_control(response, no_store=True, private=True)
            return response

        @wraps(view)
        async def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method != "POST":
                return await respond(request, *args, **kwargs)
            # Who asks for something may be gone at once, as a page that is closed after Stop: it is done all the same.
            # Django closes what was uploaded with the response, which those who are gone never get.
            return await see_through(respond(request, *args, **kwargs), if_left=request.close)

        return wrapped

    return decorate


def public(view: PublicView[P]) -> Callable[..., Answer]:
    """A view for everybody, for GET alone. It serves nobody in particular: no session is read, and none is made."""

    @wraps(view)
    async def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        start_with_the_first_view()
        request.user = AnonymousUser()
        try:
            if request.method not in ("GET", "HEAD"):
                raise MethodNotAllowed
            response = await view(request, *args, **kwargs)
        except (OperationalError, InterfaceError):
            logger.exception("The database failed")
            response = error_response(request, Unavailable(retry_after=5))
        except ChatError as error:
            response = error_response(request, error)
            if isinstance(error, MethodNotAllowed):
                response["Allow"] = "GET, HEAD"
        patch_cache_control(response, no_store=True, private=True)
        return response

    return wrapped


def start_with_the_first_view() -> None:
    """Our own handler has started it all before it calls a view (chat/serving/handler.py)."""
    if start_sweeps():
        logger.warning(
            "This process is not served by chat.serving.asgi.get_asgi_application(), "
            "so each open stream may hold a thread and a database connection"
        )


def _who_asks(request: HttpRequest, ids: Mapping[str, Any]) -> tuple[Any, bool, Any]:
    """The user of the session, whether they may use the chat, and which left conversation these ids are of."""
    user, permission = get_user(request), settings.CHAT_ALLOWED
    is_allowed = user.is_active and (not permission or has_permission(user, permission))
    return user, is_allowed, find_left(ids) if is_allowed else None


async def _unless_erased(answer: Answer, user: AbstractBaseUser) -> HttpResponseBase:
    """What a view answers. Raises NotLoggedIn if it failed because its user was deleted meanwhile."""
    try:
        return await answer
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError as exc:  # such as a row that refers to a user who is gone
        if await login_in_database(_is_there, user):
            raise
        raise NotLoggedIn from exc


def _is_there(user: AbstractBaseUser) -> bool:
    return type(user)._base_manager.filter(pk=user.pk).exists()


def _ask_for_login(request: HttpRequest, error: NotLoggedIn) -> HttpResponse:
    if wants_json(request):
        return error_response(request, error)
    # Nobody can come back to the address of a POST, and its conversation need not exist yet.
    return redirect_to_login(reverse("chat:new") if request.method == "POST" else request.get_full_path())
