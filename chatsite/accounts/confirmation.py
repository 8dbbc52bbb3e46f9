"""CHAT_CONFIRM of this site: before what cannot be undone, a fresh login (docs/app.md, "Fresh proof")."""

from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from chat.errors import Forbidden
from chat.i18n import gettext_noop as _
from chat.views.confirmation import question_url
from chat.views.errors import error_response

NO_WAY = _(
    "Your account has nothing by which you could log in once more here, so you cannot prove that it is you who asks. "
    "Ask an administrator."
)


def confirm(request: HttpRequest, purpose: str) -> HttpResponseBase | None:
    """None after a login that is fresh; else what leads there, and back to the question."""
    if not is_reauthentication_required(request, app="chat"):
        return None
    (way, *_others) = get_adapter().get_reauthentication_methods(request.user)
    return redirect(f"{way['url']}?{urlencode({REDIRECT_FIELD_NAME: question_url(purpose, request)})}")


@login_required
def impossible(request: HttpRequest) -> HttpResponseBase:
    """Says whom to ask."""
    return error_response(request, Forbidden(NO_WAY, code="no_password"))
