"""A reply while it is written and afterwards: follow it, stop it."""

import asyncio
import uuid
from contextlib import suppress

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from chat.errors import NotFound
from chat.forms.body import posted_by_form
from chat.generation.background import spawn
from chat.generation.engine import engine
from chat.models import Generation, Message
from chat.models.threads import in_database
from chat.views.conversations import to_answer
from chat.views.endpoints import endpoint
from chat.views.streams import asked_position, event_stream, take_slot


@endpoint("GET", head=False)
async def events(request: HttpRequest, user: AbstractBaseUser, generation_id: uuid.UUID) -> HttpResponseBase:
    """GET /generations/<uuid>/events/ — the reply from `Last-Event-ID` or `?after=`."""
    slot = take_slot(request, user)
    generation = await in_database(_find, user, generation_id)
    return event_stream(request, generation, asked_position(request), slot)


@endpoint("POST")
async def cancel(request: HttpRequest, user: AbstractBaseUser, generation_id: uuid.UUID) -> HttpResponseBase:
    """POST /generations/<uuid>/cancellation/ — stop it: 202, or 200 with its state if it has ended.

    In the place of its id, which `start` tells, stands what whoever asked knows before: the id of their request.
    """
    # Shielded: a Stop counts, even if the page is gone before it is answered.
    generation, is_stopping = await asyncio.shield(spawn(_stop(user, generation_id)))
    if posted_by_form(request):
        return to_answer(generation)
    return JsonResponse({"status": generation.status}, status=202 if is_stopping else 200)


async def _stop(user: AbstractBaseUser, generation_id: uuid.UUID) -> tuple[Generation, bool]:
    generation = await in_database(_find_asked, user, generation_id)
    if generation.is_running and await engine.stop(generation):
        return generation, True
    return await in_database(_find, user, generation.pk), False


def _find_asked(user: AbstractBaseUser, pk: uuid.UUID) -> Generation:
    """By its own id, or by that under which it was asked for: a question's or an answer's. Of several the newest."""
    with suppress(NotFound):
        return _find(user, pk)
    answers = Message.objects.filter(Q(pk=pk) | Q(parent=pk))
    asked = Generation.objects.owned_by(user).filter(message__in=answers).select_related("message__conversation")
    if not (generation := asked.order_by("-created_at").first()):
        raise NotFound
    return generation


def _find(user: AbstractBaseUser, generation_id: uuid.UUID) -> Generation:
    found = Generation.objects.owned_by(user).select_related("message__conversation").filter(pk=generation_id)
    if not (generation := found.first()):
        raise NotFound
    return generation
