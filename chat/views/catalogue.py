"""The words that scripts say, in each of the project's languages."""

import os
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog

from chat.views.compression import compressed, small


class Catalogue(JavaScriptCatalog):
    """What our own scripts say; Django's would add all that the admin's say."""

    domain = "djangojs"

    def get_paths(self, packages: object) -> list[str]:
        """The app's own, where it is installed; in a checkout it stands at the top, where LOCALE_PATHS leads.

        The project's LOCALE_PATHS come last: as everywhere in Django, they have the last word.
        """
        ours = Path(apps.get_app_config("chat").path, "locale")
        return [os.fspath(path) for path in (ours, *settings.LOCALE_PATHS)]


@cache_control(max_age=3600)
def catalogue(request: HttpRequest, language: str) -> HttpResponseBase:
    """GET /catalogue/<language>/ — the words that scripts say, as Django's `gettext` functions.

    The address names the language, so that a browser may keep it for an hour.
    """
    try:
        language = translation.get_supported_language_variant(language)  # "en" for Django's default, "en-us"
    except LookupError:
        raise Http404 from None
    with translation.override(language):
        words: Any = Catalogue.as_view(packages=["chat"])(request)
        return compressed(request, words, small)
