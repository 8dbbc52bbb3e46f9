"""What users erase of their own: all conversations, or the account. Pages for plain forms."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase

from chat import audit
from chat.i18n import gettext_noop as _
from chat.models import Conversation
from chat.models.certificate import Purpose
from chat.models.threads import in_database, long_work
from chat.models.turns import FairThreads
from chat.retention.certificates import Cause
from chat.retention.erasure import erase, erase_account, extent
from chat.views.confirmation import (
    ERASE_ACCOUNT,
    ERASE_CONVERSATIONS,
    QUESTIONS,
    WrongPassword,
    asks_for_password,
    check_provable,
    confirm,
)
from chat.views.endpoints import endpoint, in_thread
from chat.views.pages import render_page

AT_ONCE = 2
"""Users whose erasures this process does at the same time."""
WAITING = 2
"""Erasures of one user that may wait."""

erasers = FairThreads(
    long_work, AT_ONCE, WAITING, _("What you have is being deleted already. Look again in a moment.")
)


@endpoint("GET")
def show(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /settings/erasure/ — what can be erased; with `?of=conversations` or `?of=account` whether that is meant."""
    of = request.GET.get("of", "")
    asked = of if of in QUESTIONS.values() else ""
    if asked:
        check_provable(user)
    return _page(request, user, asked)


@endpoint("POST")
async def conversations(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """POST /settings/erasure/conversations/ — all of them, for good."""
    return await _confirmed(request, user, ERASE_CONVERSATIONS, _erase_conversations)


@endpoint("POST")
async def account(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """POST /settings/erasure/account/ — all that is the user's, for good, and the account."""
    return await _confirmed(request, user, ERASE_ACCOUNT, _erase_account)


async def _confirmed(
    request: HttpRequest, user: AbstractBaseUser, purpose: str, work: Callable[[HttpRequest, AbstractBaseUser], None]
) -> HttpResponseBase:
    """The page that says it is done; what leads to a proof of who asks; the question again, 400, after a wrong one."""
    of = QUESTIONS[purpose]
    try:
        if response := await confirm(request, user, purpose):
            return response
    except WrongPassword:
        return await in_thread(in_database, _page, request, user, of, is_wrong=True)
    user_id = user.pk
    _let_others_go_on(request)
    await erasers.call(user_id, work, request, user)
    return await in_thread(
        in_database, render_page, request, "chat/erasure/erased.html", {"of": of, "owner_id": user_id}
    )


def _let_others_go_on(request: HttpRequest) -> None:
    """Who wait to prove who they are, as erasing may take minutes; if our own handler serves this."""
    if end_turn := getattr(request, "end_turn", None):
        end_turn()


def _erase_conversations(request: HttpRequest, user: AbstractBaseUser) -> None:
    erase(Conversation.with_deleted.owned_by(user), Cause(Purpose.OWNER, user))


def _erase_account(request: HttpRequest, user: AbstractBaseUser) -> None:
    erase_account(user.pk, Cause(Purpose.ACCOUNT, user))
    logout(request)


def _page(request: HttpRequest, user: AbstractBaseUser, of: str, *, is_wrong: bool = False) -> HttpResponseBase:
    mine = Conversation.with_deleted.owned_by(user)
    account = user.pk if of == QUESTIONS[ERASE_ACCOUNT] else None
    context = {
        "of": of,
        "extent": extent(mine, account) if of else None,
        "is_in_log": account is not None and audit.has_read(account),
        "asks_for_password": asks_for_password(),
        "is_wrong": is_wrong,
    }
    response = render_page(request, "chat/erasure/erasure.html", context)
    response.status_code = 400 if is_wrong else 200
    return response
