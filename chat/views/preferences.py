"""Settings of a conversation, and those that a new one begins with: a page with a form, or JSON."""

import uuid
from dataclasses import asdict

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from chat.conversations import preferences
from chat.conversations.organizing import find_owned
from chat.core.prompt import Options
from chat.forms.body import fault_in, filled_in, posted_by_form
from chat.forms.options import OptionsForm
from chat.views.endpoints import endpoint
from chat.views.errors import wants_json
from chat.views.pages import render_form


@endpoint("GET", "POST")
def conversation(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """GET, POST /c/<uuid>/settings/ — what its model is told and how it answers, from the next answer on."""
    if request.method != "POST":
        return _conversation(request, user, conversation_id)
    form = filled_in(request, OptionsForm)
    if fault := fault_in(form):
        if not posted_by_form(request):
            raise fault
        return _conversation(request, user, conversation_id, form)
    preferences.set_options(user.pk, conversation_id, form.options)
    return _done(request, form.options, redirect("chat:conversation", conversation_id))


@endpoint("GET", "POST")
def defaults(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET, POST /settings/ — what a new conversation of this user begins with."""
    if request.method != "POST":
        return _defaults(request, user)
    form = filled_in(request, OptionsForm)
    if fault := fault_in(form):
        if not posted_by_form(request):
            raise fault
        return render_form(request, "chat/settings/preferences.html", form)
    preferences.prefer(user.pk, form.options)
    return _done(request, form.options, redirect(reverse("chat:preferences") + "?saved"))


def _done(request: HttpRequest, options: Options, after: HttpResponse) -> HttpResponse:
    return after if posted_by_form(request) else JsonResponse(asdict(options))


def _conversation(
    request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID, form: OptionsForm | None = None
) -> HttpResponseBase:
    mine = find_owned(user.pk, conversation_id)
    if wants_json(request):
        return JsonResponse(asdict(mine.options))
    form = form or OptionsForm.showing(mine.options, mine.rows)
    return render_form(request, "chat/conversation/settings.html", form, conversation=mine)


def _defaults(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    options = preferences.preferred(user.pk)
    if wants_json(request):
        return JsonResponse(asdict(options))
    form = OptionsForm.showing(options, [("preferences", user.pk)])
    return render_form(request, "chat/settings/preferences.html", form, is_saved="saved" in request.GET)
