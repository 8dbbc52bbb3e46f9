"""A question, another answer to it, more of an answer, and which of several is on show."""

import uuid

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from chat.conversations import messages
from chat.forms.body import posted_by_form
from chat.forms.questions import read_continuation, read_question, read_regeneration
from chat.generation.engine import engine
from chat.models.rights import rights_of
from chat.views.conversations import to_answer
from chat.views.endpoints import endpoint
from chat.views.streams import asked_position, event_stream, take_slot


@endpoint("POST")
async def create(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """POST /c/<uuid>/messages/ — store a question and stream its answer from position 0."""
    slot = take_slot(request, user)
    generation = await engine.ask(user.pk, conversation_id, read_question(request, rights_of(user)))
    if posted_by_form(request):
        return to_answer(generation)
    return event_stream(request, generation, 0, slot)


@endpoint("POST")
async def regenerate(request: HttpRequest, user: AbstractBaseUser, message_id: uuid.UUID) -> HttpResponseBase:
    """POST /messages/<uuid>/regenerations/ — stream another answer, a sibling of that message."""
    slot = take_slot(request, user)
    generation = await engine.regenerate(user.pk, message_id, read_regeneration(request, rights_of(user)))
    if posted_by_form(request):
        return to_answer(generation)
    return event_stream(request, generation, 0, slot)


@endpoint("POST")
async def continue_(request: HttpRequest, user: AbstractBaseUser, message_id: uuid.UUID) -> HttpResponseBase:
    """POST /messages/<uuid>/continuations/ — write on in that message; stream it from the position asked for."""
    slot = take_slot(request, user)
    generation = await engine.continue_(user.pk, message_id, read_continuation(request, rights_of(user)))
    if posted_by_form(request):
        return to_answer(generation)
    return event_stream(request, generation, asked_position(request), slot)


@endpoint("POST")
def select(request: HttpRequest, user: AbstractBaseUser, message_id: uuid.UUID) -> HttpResponseBase:
    """POST /messages/<uuid>/selection/ — show the branch through that message from now on."""
    conversation = messages.select(user.pk, message_id)
    if posted_by_form(request):
        return redirect(conversation)
    return JsonResponse({"conversation": conversation.pk, "leaf": conversation.current_id})
