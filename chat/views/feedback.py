"""What a user thinks of an answer."""

import uuid

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from chat.conversations import feedback
from chat.forms.body import posted_by_form
from chat.forms.feedback import read_opinion
from chat.views.endpoints import endpoint
from chat.views.ways_back import asked_back


@endpoint("POST")
def give(request: HttpRequest, user: AbstractBaseUser, message_id: uuid.UUID) -> HttpResponseBase:
    """POST /messages/<uuid>/feedback/ — say that an answer is good or bad, and why; or withdraw that."""
    given = feedback.give(user.pk, message_id, read_opinion(request))
    if posted_by_form(request):
        return redirect(asked_back(request) or given.message.conversation)
    return JsonResponse({"value": given.value, "comment": given.comment})
