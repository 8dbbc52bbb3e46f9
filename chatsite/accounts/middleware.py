"""What all pages of allauth have on this site."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from asgiref.sync import iscoroutinefunction
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponseBase
from django.urls import get_script_prefix, reverse
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware
def never_cached(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """On a shared computer nothing of an account lies on the disk, nor shows by Back after a logout."""
    if iscoroutinefunction(get_response):

        async def on_event_loop(request: HttpRequest) -> HttpResponseBase:
            return _mark(request, await get_response(request))

        return on_event_loop
    return lambda request: _mark(request, get_response(request))


def _mark(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if is_of_accounts(request):
        response.setdefault("Cache-Control", "no-store, private")
        if update := getattr(request, "csp_update", None):  # what a page of them needs besides
            csp_update(update)(lambda: response)()
    return response


def is_of_accounts(request: HttpRequest) -> bool:
    """Is this a page of allauth's, or below one?"""
    return request.path.startswith(_accounts_below(get_script_prefix()))


@lru_cache(maxsize=16)
def _accounts_below(prefix: str) -> str:
    """Found once for each place where the site is mounted, on which `reverse` depends: each request asks."""
    return reverse("account_login").removesuffix("login/")
