"""The administration of this site, in the place of Django's by `default_site` of its app (chatsite/apps.py)."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy


class AdminSite(admin.AdminSite):
    """Its users log in where all do: with the same limits and the same second factors."""

    site_header = gettext_lazy("Chatsite administration")
    site_title = "Chatsite"
    index_title = gettext_lazy("Administration")

    @method_decorator(secure_admin_login)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().login(request, extra_context)
