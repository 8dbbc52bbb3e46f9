"""What scripts make parts of a conversation's page of: a file for each language, which browsers keep.

Nothing in it is anybody's, and it is the same on every page of all who may the same. It is a script that puts the
templates, and what the page's modules are preloaded by, into the page's head, where both are before any module runs.
"""

import hashlib
import json
from functools import lru_cache

from django.conf import settings as project
from django.contrib.auth.models import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode

from chat.providers.registry import registry
from chat.views.compression import compressed, small
from chat.views.endpoints import endpoint
from chat.views.offers import keys_in, may_attach, offered_for
from chat.views.pages import language_of

YEAR = 365 * 24 * 3600
PLACEHOLDER = "none"
MOST_SCRIPTS = 100
"""That a process has at hand: for each language, and for all who may the same."""


@endpoint("GET")
def show(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /templates/?language=…&v=… — the script of that language; browsers keep it if `v` is its version."""
    try:
        language = translation.get_supported_language_variant(request.GET.get("language", language_of(request)))
    except LookupError:
        raise Http404 from None
    script = _script_in(language, may_attach(user), offered_for(user))
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    if request.GET.get("v") == _version(script):
        patch_cache_control(response, private=True, max_age=YEAR, immutable=True)
    return compressed(request, response, small)


def templates_address(may_attach: bool, offered: str | None) -> str:
    """Of the script in the language of the page, for readers who may attach, and choose these models."""
    language = translation.get_language() or project.LANGUAGE_CODE
    version = _version(_script_in(language, may_attach, offered))
    return f"{reverse('chat:templates')}?{urlencode({'language': language, 'v': version})}"


def _script_in(language: str, may_attach: bool, offered: str | None) -> str:
    """Made once a process; while templates are edited, for each page."""
    make = made_script.__wrapped__ if project.DEBUG else made_script
    return make(language, get_script_prefix(), get_urlconf(), may_attach, offered)


@lru_cache(MOST_SCRIPTS)
def made_script(language: str, prefix: str, urlconf: str | None, may_attach: bool, offered: str | None) -> str:
    models = registry().offered_as(keys_in(offered))
    context = {"models": models, "offered": offered, "may_attach": may_attach, "csrf_token": PLACEHOLDER}
    with translation.override(language):
        made = str(render_to_string("chat/conversation/_templates.html", {**context, "is_template": True}))
    # Scripts send that of their page, which stands in a form of its own.
    made = made.replace(f'<input type="hidden" name="csrfmiddlewaretoken" value="{PLACEHOLDER}">', "")
    return f'document.head.insertAdjacentHTML("beforeend",{json.dumps(made, ensure_ascii=False)});\n'


def _version(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()[:16]
