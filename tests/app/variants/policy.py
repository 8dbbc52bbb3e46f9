import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class Policy:
    """As many projects have one of their own: without a word to Django, and for every page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce
        response = self.get_response(request)
        policy = f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; img-src 'self' data:"
        response["Content-Security-Policy"] = policy
        return response
