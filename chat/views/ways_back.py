"""The way back to the page that bore a form, or a link."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.http import url_has_allowed_host_and_scheme

WITH_THE_LIST = {"new", "conversation"}


def came_from(request: HttpRequest) -> str:
    """The path of the chat's page with the list that led here, with its query; empty if none did, or nobody says so.

    From `Referer`: the link itself is the same on all pages.
    """
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referer, allowed_hosts={request.get_host()}):
        return ""
    parts = urlsplit(referer)
    return parts._replace(scheme="", netloc="", fragment="").geturl() if _has_the_list(parts.path) else ""


def asked_back(request: HttpRequest) -> str:
    """The path that a plain form names as the page that bore it; empty if it names none of this site."""
    return if_ours(request.POST.get("back", ""))


def asked_next(request: HttpRequest) -> str:
    """The path of `?next=`; empty if that names none of this site."""
    return if_ours(request.GET.get("next", ""))


def if_ours(path: str) -> str:
    """The path, if it leads nowhere else; else empty."""
    is_ours = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_ours else ""


def _has_the_list(path: str) -> bool:
    try:
        found = resolve(f"/{path.removeprefix(get_script_prefix())}")
    except Resolver404:
        return False
    return found.app_names == ["chat"] and found.url_name in WITH_THE_LIST
