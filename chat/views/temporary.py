"""A temporary conversation is left, or kept after all."""

import uuid

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from chat.conversations import temporary
from chat.forms.body import posted_by_form
from chat.views.endpoints import endpoint


@endpoint("POST", comes_back=False)
def leave(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """POST /c/<uuid>/departure/ — its page is left. Never a redirect: to open the page is to come back."""
    temporary.leave(user.pk, conversation_id)
    return HttpResponse(status=204)


@endpoint("POST")
def keep(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """POST /c/<uuid>/keeping/ — it is like any other from now on."""
    conversation = temporary.keep(user.pk, conversation_id)
    if posted_by_form(request):
        return redirect(conversation)
    return JsonResponse({"conversation": conversation.pk, "temporary": False})
