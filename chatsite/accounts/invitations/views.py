"""Where the link of an invitation leads."""

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from chatsite.accounts.invitations.acceptance import accounts_are_the_providers, is_good, keep
from chatsite.models import Invitation


@require_safe
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """On to the sign-up. Without one 404, which counts as a sign-up; 410 once it is over, 403 where none counts."""
    if accounts_are_the_providers():
        return render(request, "account/invitation_refused.html", status=403)
    found = Invitation.objects.select_related("made_by").of(token).first()
    if not found:
        too_many = ratelimit.consume_or_429(request, app="allauth.account", action="signup", limit_get=True)
        return too_many or invitation_over(request, status=404)
    if not is_good(found):
        return invitation_over(request)
    if request.user.is_authenticated:
        return render(request, "account/invitation_logged_in.html")
    keep(request, found)
    return redirect("account_signup")


def invitation_over(request: HttpRequest, status: int = 410) -> HttpResponse:
    return render(request, "account/invitation_over.html", status=status)
