"""{% load single_sign_on %}: the way to the provider, on pages that have one."""

from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest

from chatsite.single_sign_on.account_adapter import EMERGENCY
from chatsite.single_sign_on.configuration import is_on, is_only_way, provider_origin

register = template.Library()


@register.simple_tag
def has_provider() -> bool:
    return is_on()


@register.simple_tag(takes_context=True)
def provider(context: Any) -> dict[str, Any]:
    """`{% provider as provider %}`: its `name`, empty where there is none, and whether passwords are taken too.

    Forms of the page may then lead there: the page's policy names the provider's origin.
    """
    request: HttpRequest = context["request"]
    if not is_on():
        return {"name": "", "takes_passwords": True}
    request.csp_update = {"form-action": [provider_origin()]}  # type: ignore[attr-defined]
    return {"name": settings.OIDC_NAME, "takes_passwords": not is_only_way() or EMERGENCY in request.GET}
