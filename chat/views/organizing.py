"""What becomes of a conversation as a whole: its name, where it is kept, its deletion."""

import asyncio
import uuid

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from chat.audit import notice_days
from chat.conversations import deletion, organizing
from chat.forms.body import posted_by_form
from chat.forms.organizing import read_flags, read_title
from chat.generation.background import spawn
from chat.generation.engine import engine
from chat.models import Conversation
from chat.models.threads import write_in_database
from chat.models.users import UserId
from chat.views.endpoints import endpoint
from chat.views.pages import render_page
from chat.views.ways_back import asked_back, came_from


@endpoint("GET")
def actions(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """GET /c/<uuid>/actions/ — what the menu of the list offers, as a page, where there are no scripts."""
    conversation = organizing.find_owned(user.pk, conversation_id)
    back = came_from(request) or conversation.get_absolute_url()
    context = {"conversation": conversation, "back": back, "is_told": notice_days() is not None}
    return render_page(request, "chat/conversation/actions.html", context)


@endpoint("POST")
def rename(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """POST /c/<uuid>/title/ — call it something else."""
    return _kept(request, organizing.rename(user.pk, conversation_id, read_title(request)))


@endpoint("POST")
def set_flags(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """POST /c/<uuid>/shelf/ — pin it or archive it, or take that back."""
    return _kept(request, organizing.set_flags(user.pk, conversation_id, read_flags(request)))


@endpoint("POST")
async def delete(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """POST /c/<uuid>/deletion/ — take it out of sight; for a while that can be taken back."""
    # Shielded: its answers are stopped, even if the page is gone before it is answered.
    await asyncio.shield(spawn(_delete(user.pk, conversation_id)))
    if posted_by_form(request):
        return redirect(f"{reverse('chat:new')}?deleted={conversation_id}")
    return JsonResponse({"id": conversation_id, "deleted": True})


@endpoint("POST")
def restore(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """POST /c/<uuid>/restoration/ — take its deletion back."""
    return _kept(request, deletion.restore(user.pk, conversation_id))


async def _delete(owner_id: UserId, conversation_id: uuid.UUID) -> None:
    for generation in await write_in_database(deletion.delete, owner_id, conversation_id):
        await engine.stop(generation)


def _kept(request: HttpRequest, conversation: Conversation) -> HttpResponseBase:
    if posted_by_form(request):
        return HttpResponseRedirect(asked_back(request) or conversation.get_absolute_url())
    kept = {"id": conversation.pk, "title": conversation.title, "titled_by": conversation.titled_by}
    return JsonResponse(kept | {"pinned": conversation.is_pinned, "archived": conversation.is_archived})
