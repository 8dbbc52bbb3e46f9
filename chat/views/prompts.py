"""The library of prompts: pages on which users look after their own, and all that the composer offers."""

import uuid
from collections.abc import Callable
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from chat.conversations import prompt_library
from chat.errors import ChatError, Conflict, NotFound, TooLong
from chat.forms.body import fault_in, filled_in, posted_by_form
from chat.forms.prompts import PromptForm
from chat.i18n import translated
from chat.models import Prompt
from chat.views.endpoints import endpoint
from chat.views.pages import render_form

Page = Callable[[PromptForm], HttpResponseBase]


@endpoint("GET")
def offered(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /prompts/ — the names and texts that the composer offers: one's own and the shared ones."""
    return JsonResponse({"prompts": [_as_json(prompt) for prompt in prompt_library.visible_to(user.pk)]})


@endpoint("GET", "POST")
def prompts(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET, POST /settings/prompts/ — all prompts, and one more."""
    page = partial(_prompts, request, user)
    if request.method != "POST":
        return page(PromptForm())
    return _store(request, partial(prompt_library.add, user.pk, joins=posted_by_form(request)), page)


@endpoint("GET", "POST")
def prompt(request: HttpRequest, user: AbstractBaseUser, prompt_id: uuid.UUID) -> HttpResponseBase:
    """GET, POST /settings/prompts/<uuid>/ — one of them, to be changed."""
    page = partial(_prompt, request, user, prompt_id)
    if request.method != "POST":
        return page(None)
    return _store(request, partial(prompt_library.change, user.pk, prompt_id), page)


@endpoint("POST")
def delete(request: HttpRequest, user: AbstractBaseUser, prompt_id: uuid.UUID) -> HttpResponseBase:
    """POST /settings/prompts/<uuid>/deletion/ — for good."""
    try:
        prompt_library.delete(user.pk, prompt_id)
    except NotFound:
        # The second half of a double click: it is as it was to be.
        if not posted_by_form(request):
            raise
    return redirect("chat:prompts") if posted_by_form(request) else JsonResponse({"id": prompt_id})


def _store(request: HttpRequest, store: Callable[..., Prompt], page: Page) -> HttpResponseBase:
    """What was sent, stored; else a form's page with what is wrong in it."""
    form = filled_in(request, PromptForm)
    fault: ChatError | None = fault_in(form)
    if not fault:
        try:
            return _stored(request, store(**form.cleaned_data))
        except (Conflict, TooLong) as refusal:
            error = ValidationError(refusal.said(translated), code=refusal.code)
            form.add_error("name" if refusal.fields else None, error)
            fault = refusal
    if not posted_by_form(request):
        raise fault
    return page(form)


def _stored(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    return redirect("chat:prompts") if posted_by_form(request) else JsonResponse(_as_json(prompt))


def _as_json(prompt: Prompt) -> dict[str, object]:
    return {"id": prompt.pk, "name": prompt.name, "text": prompt.text, "is_shared": prompt.owner_id is None}


def _prompts(request: HttpRequest, user: AbstractBaseUser, form: PromptForm) -> HttpResponseBase:
    visible = list(prompt_library.visible_to(user.pk))
    own, shared = ([each for each in visible if (each.owner_id is None) == is_shared] for is_shared in (False, True))
    return render_form(request, "chat/prompts/list.html", form, own=own, shared=shared)


def _prompt(
    request: HttpRequest, user: AbstractBaseUser, prompt_id: uuid.UUID, form: PromptForm | None
) -> HttpResponseBase:
    mine = prompt_library.own(user.pk, prompt_id)
    form = form or PromptForm(initial={"name": mine.name, "text": mine.text})
    return render_form(request, "chat/prompts/edit.html", form, prompt=mine)
