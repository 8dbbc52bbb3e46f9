"""Which tools models may call: in a conversation, and in one that is yet to come."""

import uuid
from collections.abc import Collection

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from chat.conversations.organizing import find_owned
from chat.conversations.tools import turn_tool
from chat.forms.body import posted_by_form
from chat.forms.tools import read_switch
from chat.views.endpoints import endpoint
from chat.views.offers import tools_for


@endpoint("GET")
def offered(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /tools/ — those that this user may have called, as a new conversation begins with them."""
    return _listed(user)


@endpoint("GET", "POST")
def conversation(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """GET, POST /c/<uuid>/tools/ — those of a conversation; one of them is on or off from its next answer on."""
    if request.method != "POST":
        return _listed(user, find_owned(user.pk, conversation_id).off)
    name, is_on = read_switch(request)
    off = turn_tool(user.pk, conversation_id, name, is_on=is_on)
    return redirect("chat:conversation", conversation_id) if posted_by_form(request) else _listed(user, off)


def _listed(user: AbstractBaseUser, off: Collection[str] = ()) -> HttpResponseBase:
    return JsonResponse({"tools": [row.as_json for row in tools_for(user, off).rows]})
