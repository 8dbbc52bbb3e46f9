"""A branch in sections: a page shows its end, and what is above comes when it is asked for."""

import uuid
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase

from chat.conf import settings
from chat.core import pagination
from chat.core.tree import MessageTree
from chat.errors import NotFound
from chat.models import Conversation, Message
from chat.models.threads import in_database
from chat.views.endpoints import endpoint
from chat.views.pages import render_page

STEP = 100
"""How many more messages a page shows for each time that a reader without JavaScript asks for earlier ones."""


@dataclass(frozen=True, slots=True)
class Section:
    """Messages that follow each other in a branch. `earlier_from` begins the page that shows some more before them."""

    messages: list[Message]
    earlier_from: uuid.UUID | None


@endpoint("GET")
async def ancestors(request: HttpRequest, user: AbstractBaseUser, message_id: uuid.UUID) -> HttpResponseBase:
    """GET /messages/<uuid>/ancestors/ — the messages right above that one, as they stand on the page.

    With `?from=` all from that ancestor on; an id that is none of them is a 404.
    """
    return await in_database(_ancestors, request, user, message_id)


def section(
    conversation: Conversation,
    tree: MessageTree,
    path: list[uuid.UUID],
    begin: uuid.UUID | None = None,
    holding: uuid.UUID | None = None,
) -> Section:
    """The end of `path`: from `begin` on if that is on it, else as much as makes a window; `holding` is in it."""
    if begin in path:
        at = path.index(begin)
    else:
        at = len(path) - pagination.page_size(conversation.sizes(path[-pagination.MOST_MESSAGES :]))
    if holding in path:
        at = min(at, path.index(holding))
    return Section(conversation.load(path[at:], tree), path[max(0, at - STEP)] if at else None)


def asked_begin(request: HttpRequest) -> uuid.UUID | None:
    """The message of `?from=`."""
    return asked_id(request, "from")


def asked_id(request: HttpRequest, name: str) -> uuid.UUID | None:
    """The id that a query names; None for what is no id."""
    try:
        return uuid.UUID(request.GET.get(name, ""))
    except ValueError:
        return None


def _ancestors(request: HttpRequest, user: AbstractBaseUser, message_id: uuid.UUID) -> HttpResponseBase:
    conversation = Conversation.objects.owned_by(user).filter(messages=message_id).first()
    if not conversation:
        raise NotFound
    tree = conversation.tree()
    path = tree.path(message_id)[:-1]
    begin = asked_begin(request)
    if "from" in request.GET and begin not in path:
        raise NotFound
    above = section(conversation, tree, path, begin)
    context = {"conversation": conversation, "section": above, "models": settings.CHAT_MODELS}
    return render_page(request, "chat/conversation/_message_page.html", context)
