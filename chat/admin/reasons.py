"""The page on which staff say why, before they see what a user wrote (CHAT_READING_REASON).

Whoever has to be asked is sent here with the address that they wanted, and goes on to it. The page shows no word of a
user's: it names a conversation by its id.
"""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from chat.audit import Asking, asking, give_reason, is_missing
from chat.core.blank import is_blank
from chat.models import Conversation, Feedback, Reading
from chat.models.reading import REASON_CHARACTERS
from chat.views.ways_back import if_ours

ASKED: list[type[Model]] = [Conversation, Feedback, Reading]
"""Of whose lists one is asked why; and of the first also for each by itself."""
MISSING = gettext_lazy("Say why you want to read it: a sentence, or the number of a ticket.")


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=REASON_CHARACTERS, required=False)

    def clean_reason(self) -> str:
        """On one line. What shows nothing is none."""
        reason = " ".join(self.cleaned_data["reason"].split())
        if not is_blank(reason):
            return reason
        if asking() == Asking.REQUIRED:
            raise forms.ValidationError(MISSING)
        return ""


def ask_for_reason(
    request: HttpRequest, admin_site: AdminSite, model: type[Model], key: Any = ""
) -> HttpResponse | None:
    """To the page that asks why, if it has to be; None where a reason holds, or none is asked for."""
    if not is_missing(request.user, model, key):
        return None
    page = reverse("admin:chat_reading_reason", current_app=admin_site.name)
    asked = {"kind": model._meta.label_lower, "of": str(key), "next": request.get_full_path()}
    return redirect(f"{page}?{urlencode(asked)}")


def reason_page(request: HttpRequest, admin_site: AdminSite) -> HttpResponse:
    """GET, POST …/reason/?kind=&of=&next= — say why, and go on."""
    model, key, wanted = _asked(request, admin_site)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        give_reason(request.user, model, key, form.cleaned_data["reason"])
        return redirect(wanted)
    context = {
        **admin_site.each_context(request),
        "title": gettext("Why do you want to read this?"),
        "subtitle": None,
        "form": form,
        "is_required": asking() == Asking.REQUIRED,
        "opts": model._meta,
        "of": key,
        "back": reverse("admin:index", current_app=admin_site.name),
    }
    request.current_app = admin_site.name
    return TemplateResponse(request, "admin/chat/reason.html", context, status=400 if form.is_bound else 200)


def _asked(request: HttpRequest, admin_site: AdminSite) -> tuple[type[Model], str, str]:
    """What is to be read, and the address that was wanted. Raises Http404, PermissionDenied."""
    kinds = {model._meta.label_lower: model for model in ASKED}
    model, key, wanted = kinds.get(request.GET.get("kind", "")), request.GET.get("of", ""), request.GET.get("next", "")
    if model is None or not if_ours(wanted) or asking() == Asking.OFF or not admin_site.is_registered(model):
        raise Http404
    if not _may_read(request, admin_site, model, key):
        raise PermissionDenied
    if key:
        key = str(_found(model, key).pk)
    return model, key, wanted


def _may_read(request: HttpRequest, admin_site: AdminSite, model: type[Model], key: str) -> bool:
    """Who may read a comment, and not the conversation, is asked for a reason of the conversation all the same."""
    models = ASKED[:2] if key and model is Conversation else [model]
    known = [admin_site.get_model_admin(each) for each in models if admin_site.is_registered(each)]
    return any(each.has_view_or_change_permission(request) for each in known)


def _found(model: type[Model], key: str) -> Model:
    if model is not Conversation:
        raise Http404
    try:
        found: Conversation = Conversation.objects.get(pk=key)
    except (Conversation.DoesNotExist, ValidationError) as exc:
        raise Http404 from exc
    return found
