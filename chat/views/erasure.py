"""What users erase of their own: all conversations, or the account. Pages for plain forms."""

from collections.abc import Callable

from django.contrib.admin.models import LogEntry
from django.contrib.auth import logout
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase

from chat.models import Conversation
from chat.models.threads import in_database, write_in_database
from chat.retention.erasure import erase, erase_account, extent
from chat.views.endpoints import endpoint
from chat.views.pages import render_page

CONVERSATIONS, ACCOUNT = "conversations", "account"


@endpoint("GET")
async def show(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /settings/erasure/ — what can be erased; with `?of=conversations` or `?of=account` whether that is meant."""
    return await in_database(_page, request, user, request.GET.get("of", ""))


@endpoint("POST")
async def conversations(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """POST /settings/erasure/conversations/ — all of them, for good."""
    return await _confirmed(request, user, CONVERSATIONS, _erase_conversations)


@endpoint("POST")
async def account(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """POST /settings/erasure/account/ — all that is the user's, for good, and the account."""
    return await _confirmed(request, user, ACCOUNT, _erase_account)


async def _confirmed(
    request: HttpRequest, user: AbstractBaseUser, of: str, work: Callable[[HttpRequest, AbstractBaseUser], None]
) -> HttpResponseBase:
    """The page that says it is done; the question again, 400, where the password is wrong."""
    if not await in_database(user.check_password, request.POST.get("password", "")):
        return await in_database(_page, request, user, of, is_wrong=True)
    await write_in_database(work, request, user)
    return await in_database(render_page, request, "chat/erasure/erased.html", {"of": of, "owner_id": user.pk})


def _erase_conversations(request: HttpRequest, user: AbstractBaseUser) -> None:
    erase(Conversation.with_deleted.owned_by(user))


def _erase_account(request: HttpRequest, user: AbstractBaseUser) -> None:
    erase_account(user.pk)
    logout(request)


def _page(request: HttpRequest, user: AbstractBaseUser, of: str, *, is_wrong: bool = False) -> HttpResponseBase:
    mine = Conversation.with_deleted.owned_by(user)
    asked = of if of in (CONVERSATIONS, ACCOUNT) else ""
    account = user.pk if asked == ACCOUNT else None
    context = {
        "of": asked,
        "extent": extent(mine, account) if asked else None,
        "is_in_log": asked == ACCOUNT and LogEntry.objects.filter(user=user.pk).exists(),
        "is_wrong": is_wrong,
    }
    response = render_page(request, "chat/erasure/erasure.html", context)
    response.status_code = 400 if is_wrong else 200
    return response
