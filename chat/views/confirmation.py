"""A fresh proof of who asks, before what cannot be undone.

By default it is the user's password, on the page that asks. A project whose users prove it otherwise names a function
in `CHAT_CONFIRM`, `(request, purpose) -> HttpResponse | None`: None where it has been proved freshly; else a response
that leads to the proof and from there to `question_url(purpose, request)`, where the user is asked again. What was
asked for is not done by itself afterwards. It is called in a thread, and may be a coroutine function. Purposes are
`erase_conversations`, `erase_account` and `share_publicly`, for which no password is asked.
"""

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.module_loading import import_string

from chat.conf import settings
from chat.errors import Forbidden
from chat.forms.body import posted_by_form
from chat.i18n import gettext_noop as _

ERASE_CONVERSATIONS, ERASE_ACCOUNT = "erase_conversations", "erase_account"
SHARE_PUBLICLY = "share_publicly"
QUESTIONS = {ERASE_CONVERSATIONS: "conversations", ERASE_ACCOUNT: "account"}


class WrongPassword(Exception):
    """The question is to be asked again."""


def question_url(purpose: str, request: HttpRequest | None = None) -> str:
    """Where the user is asked whether it is meant. Of a link the request says what it is to show."""
    if purpose == SHARE_PUBLICLY:
        match = request.resolver_match if request else None
        of = f"?{urlencode({'of': match.kwargs['conversation_id']})}" if match else ""
        return reverse("chat:shares") + of
    return f"{reverse('chat:erasure')}?{urlencode({'of': QUESTIONS[purpose]})}"


def asks_for_password() -> bool:
    return not settings.CHAT_CONFIRM


def check_provable(user: AbstractBaseUser) -> None:
    """Raises Forbidden for who can prove nothing here."""
    if asks_for_password() and not user.has_usable_password():
        raise Forbidden(
            _(
                "Your account has no password here, so you cannot prove that it is you who asks. "
                "Ask the administrator to delete it for you."
            ),
            code="no_password",
        )


async def confirm(request: HttpRequest, user: AbstractBaseUser, purpose: str) -> HttpResponseBase | None:
    """None where it is proved who asks, else what leads to the proof. Raises Forbidden and WrongPassword."""
    if not asks_for_password():
        return await _ask_hook(import_string(settings.CHAT_CONFIRM), request, purpose)
    check_provable(user)
    if not await sync_to_async(user.check_password)(request.POST.get("password", "")):
        raise WrongPassword
    keep_session(request, user)
    return None


def keep_session(request: HttpRequest, user: AbstractBaseUser) -> None:
    """A session is valid for one hash of the password. Call it once that may have been hashed anew."""
    if request.session.get(HASH_SESSION_KEY) != (is_valid_for := user.get_session_auth_hash()):
        request.session[HASH_SESSION_KEY] = is_valid_for


async def confirm_sharing(request: HttpRequest) -> HttpResponseBase | None:
    """As `confirm`, before a link for everybody. Raises Forbidden for scripts, which cannot prove it."""
    if asks_for_password():
        return None
    response = await _ask_hook(import_string(settings.CHAT_CONFIRM), request, SHARE_PUBLICLY)
    if response and not posted_by_form(request):
        raise Forbidden(_("Show first that it is you who asks: on the page of your links."), code="not_proved")
    return response


async def _ask_hook(hook: Callable[..., Any], request: HttpRequest, purpose: str) -> HttpResponseBase | None:
    answer = hook(request, purpose) if iscoroutinefunction(hook) else sync_to_async(hook)(request, purpose)
    response: HttpResponseBase | None = await answer
    return response
