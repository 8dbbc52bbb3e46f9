"""Pages that say how a login or a logout went."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from chatsite.single_sign_on.errors import LoginFailed


def failure_page(request: HttpRequest, failed: LoginFailed) -> HttpResponse:
    sentence = gettext(failed.sentence) % {"name": settings.OIDC_NAME}
    page = {"sentence": sentence, "status": failed.status}
    return render(request, "socialaccount/authentication_error.html", page, status=failed.status)


def way_to_provider(request: HttpRequest, url: str) -> HttpResponse:
    """By a page, and no redirect: what a form leads to by redirects must be named in the policy of the form's page."""
    return render(request, "socialaccount/way_to_provider.html", {"url": url})
