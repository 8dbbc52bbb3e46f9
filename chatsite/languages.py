"""The languages that the site speaks."""

import os

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog


class Catalogue(JavaScriptCatalog):
    """What our own scripts say; Django's would add all that the admin's say."""

    domain = "djangojs"

    def get_paths(self, packages: object) -> list[str]:
        return [os.fspath(path) for path in settings.LOCALE_PATHS]


@cache_control(max_age=3600)
def catalogue(request: HttpRequest, language: str) -> HttpResponseBase:
    """GET /catalogue/<language>/ — the words that scripts say, as Django's `gettext` functions.

    The address names the language, so that a browser may keep it for an hour.
    """
    if language not in dict(settings.LANGUAGES):
        raise Http404
    with translation.override(language):
        return Catalogue.as_view(packages=["ours"])(request)
