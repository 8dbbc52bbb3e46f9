"""CHAT_CONFIRM of a project whose users prove who they are in a way of its own."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from chat.views.confirmation import question_url


def confirm(request: HttpRequest, purpose: str) -> HttpResponseBase | None:
    """A proof is good once, and for what it was asked for."""
    if request.session.pop("proved", None) == purpose:
        return None
    return redirect("/proof/?" + urlencode({"for": purpose, "next": question_url(purpose)}))


def prove(request: HttpRequest) -> HttpResponse:
    request.session["proved"] = request.GET["for"]
    return redirect(request.GET["next"])
