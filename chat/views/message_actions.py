"""What can be done with a message, as a page, where there are no scripts."""

import uuid

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase

from chat.errors import NO_CONVERSATION, NotFound
from chat.models import Conversation
from chat.models.branches import spots
from chat.views.endpoints import endpoint
from chat.views.offers import models_for
from chat.views.pages import render_page

BEGINNING = 200
"""How many characters tell which message it is."""


@endpoint("GET")
def show(request: HttpRequest, user: AbstractBaseUser, message_id: uuid.UUID) -> HttpResponseBase:
    """GET /messages/<uuid>/actions/ — its other versions, and to edit or to rate it or to have it written again."""
    conversation = Conversation.objects.owned_by(user).filter(messages=message_id).first()
    found = conversation.load([message_id], BEGINNING, spots([message_id])) if conversation else []
    if not found:
        raise NotFound(NO_CONVERSATION)
    (message,) = found
    context = {
        "conversation": conversation,
        "message": message,
        "role": message.role,
        "generation": message.generation,
        **models_for(user),
    }
    return render_page(request, "chat/message/actions.html", context)
