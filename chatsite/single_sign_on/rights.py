"""Groups and staff, which follow the provider's claim at each login.

Membership that came by the claim goes with it. What staff gave in the administration stays: it is not the claim's to
take away, nor, where the claim names the same group, to be taken for the claim's.
"""

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction

from chat.audit import Action, note
from chatsite.models import ClaimedRights
from chatsite.single_sign_on import claims as said
from chatsite.single_sign_on.claims import Claims


@transaction.atomic
def follow(user: User, claims: Claims) -> None:
    """Give the user what the claim says, and take away what it said before and says no more."""
    names = said.groups(claims)
    claimed, _ = ClaimedRights.objects.select_for_update().get_or_create(user=user)
    _follow_groups(user, claimed, names)
    _follow_staff(user, claimed, bool(set(names) & set(settings.OIDC_STAFF_GROUPS)))


def _follow_groups(user: User, claimed: ClaimedRights, names: list[str]) -> None:
    named = _groups(names)
    before, member_of = set(claimed.groups.all()), set(user.groups.all())
    user.groups.remove(*(before - named))
    user.groups.add(*(named - member_of))
    claimed.groups.set((named & before) | (named - member_of))


def _groups(names: list[str]) -> set[Group]:
    """Those of these names; what there is not yet is made, without any permission."""
    missing = set(names) - set(Group.objects.filter(name__in=names).values_list("name", flat=True))
    Group.objects.bulk_create([Group(name=name) for name in sorted(missing)], ignore_conflicts=True)
    return set(Group.objects.filter(name__in=names))


def _follow_staff(user: User, claimed: ClaimedRights, is_staff: bool) -> None:
    """Who is staff anyway, as the first administrator is, stays so."""
    was_given_it = user.is_staff and not claimed.is_staff
    if was_given_it or is_staff == user.is_staff == claimed.is_staff:
        return
    user.is_staff = claimed.is_staff = is_staff
    user.save(update_fields=["is_staff"])
    note(Action.PERMISSION, None, user, what="changed", is_staff=is_staff)
    claimed.save(update_fields=["is_staff"])
