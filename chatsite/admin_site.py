"""The administration of this site, in the place of Django's by `default_site` of its app (chatsite/apps.py)."""

from functools import wraps
from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.views import logout
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy

from chat.audit import acting
from chatsite.accounts.mfa.requirement import has_proved, is_demanded_of, way_to_proof


class AdminSite(admin.AdminSite):
    """Its users log in and out where all do: with the same limits and the same second factors."""

    site_header = gettext_lazy("Chatsite administration")
    site_title = "Chatsite"
    index_title = gettext_lazy("Administration")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """What is done by one of its views is done by who asks, for the audit log."""

        @wraps(view)
        def noted(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            with acting(request.user):
                return view(request, *args, **kwargs)

        return super().admin_view(noted, cacheable)

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff, and where they must have a second factor those who have proved it in this session."""
        if not super().has_permission(request):
            return False
        return not is_demanded_of(request.user) or has_proved(request.session, request.user.pk)

    @method_decorator(secure_admin_login)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Who comes as far is staff. Django would ask those who lack a second factor for their password again."""
        if self.has_permission(request):
            return super().login(request, extra_context)
        return redirect(way_to_proof(request.user.pk, request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")))

    def logout(  # type: ignore[override] # as much of a response as Django's
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The site's, which goes on to the identity provider."""
        return logout(request)  # type: ignore[no-any-return]
