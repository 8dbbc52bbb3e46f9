"""Hints that something has changed, as a response."""

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase

from chat.assets.version import site_version
from chat.generation.engine import engine
from chat.live.event_stream import as_event_stream
from chat.live.hints import HintStream, follow_hints
from chat.views.endpoints import endpoint
from chat.views.streams import access_of, check_can_stream


@endpoint("GET", head=False)
async def hints(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /hints/ — that something has changed, from `Last-Event-ID` or `?after=`."""
    check_can_stream(request)
    engine.check_open()
    since = request.headers.get("Last-Event-ID", request.GET.get("after", ""))
    return as_event_stream(follow_hints(HintStream(access_of(request)), site_version(), since))
