"""What an invitation gives is asked when it is used: no more than its maker has, and could give, by then.

A visitor's session names it by its digest: whoever reads the database finds no link there.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from chatsite.accounts.rights import groups_within, has_more_rights
from chatsite.models import Invitation

KEPT_AS = "invitation"
"""In the session."""


def may_invite(user: Any) -> bool:
    """Staff who may add an account, where accounts have passwords."""
    is_staff = user is not None and user.is_active and user.is_staff
    return bool(is_staff and not accounts_are_the_providers() and user.has_perm("auth.add_user"))


def accounts_are_the_providers() -> bool:
    return bool(settings.OIDC_ISSUER and settings.OIDC_ONLY)


def groups_to_give(user: Any) -> "QuerySet[Group]":
    return Group.objects.all() if user.is_superuser else groups_within(user)


def is_good(invitation: Invitation) -> bool:
    """Unused, in time, and by somebody who still may."""
    return invitation.is_unused() and may_invite(invitation.made_by)


def keep(request: HttpRequest, invitation: Invitation) -> None:
    """While its visitor signs up."""
    request.session[KEPT_AS] = invitation.digest


def forget(request: HttpRequest) -> None:
    request.session.pop(KEPT_AS, None)


def is_invited(request: HttpRequest) -> bool:
    """By an invitation that may have ended since."""
    return KEPT_AS in getattr(request, "session", ())


def find_kept(request: HttpRequest) -> Invitation | None:
    """The visitor's, if it is good."""
    found = Invitation.objects.select_related("made_by").filter(digest=request.session.get(KEPT_AS, "")).first()
    return found if found and is_good(found) else None


def accept(request: HttpRequest, user: User) -> bool:
    """Give a new account what its invitation says. False if that is nothing any more, or more than its maker has."""
    invitation = find_kept(request)
    if not invitation or not _use(invitation, user):
        return False
    maker = invitation.made_by
    user.groups.set(invitation.groups.filter(pk__in=groups_to_give(maker)))
    request.accepted_invitation = invitation  # type: ignore[attr-defined]
    if has_more_rights(user, maker):
        return False
    forget(request)
    return True


def is_proved(request: HttpRequest, email: str) -> bool:
    """Has this request made an account by a link that was sent to this address?"""
    invitation = getattr(request, "accepted_invitation", None)
    return bool(invitation and invitation.is_mailed and invitation.email == email.lower())


def _use(invitation: Invitation, user: User) -> bool:
    """Of two at once for one."""
    return Invitation.objects.unused().filter(pk=invitation.pk).update(used_by=user, used_at=timezone.now()) == 1
