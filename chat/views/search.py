"""Search in one's own conversations."""

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase

from chat.conversations import search as searching
from chat.core.numbers import whole
from chat.errors import BadInput
from chat.i18n import gettext_noop as _
from chat.views.endpoints import endpoint
from chat.views.pages import render_page

QUERY_CHARS = 200
DIGITS = 18


@endpoint("GET")
def search(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /search/?q=…&before=… — what is found in titles and messages, newest first."""
    query, asked = request.GET.get("q", "")[:QUERY_CHARS], request.GET.get("before")
    before = None if asked is None else whole(asked, DIGITS)
    if asked is not None and before is None:
        raise BadInput(_("This is not a page of a search. Search again."))
    hits, more = searching.search(user.pk, query, before)
    context = {"query": query, "hits": hits, "more": more, "is_first": asked is None}
    return render_page(request, "chat/search/search.html", context)
