"""What the site has of somebody's account, for the file of all that it has of them: no secret is in it."""

import json
from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession

from chat.i18n import gettext_noop as _
from chat.import_export.subject import Section, in_steps, leave_out, register
from chatsite.models import Invitation


def _addresses(user: Any) -> Iterator[dict[str, Any]]:
    for row in in_steps(EmailAddress.objects.filter(user=user.pk)):
        yield {"email": row.email, "confirmed": row.verified, "primary": row.primary}


def _factors(user: Any) -> Iterator[dict[str, Any]]:
    """Of what they are made nothing: who has that can log in by them."""
    for row in in_steps(Authenticator.objects.filter(user=user.pk)):
        name = row.data.get("name", "") if row.type == Authenticator.Type.WEBAUTHN else ""
        yield {"type": row.type, "name": name, "added": row.created_at, "used": row.last_used_at}


def _identities(user: Any) -> Iterator[dict[str, Any]]:
    for row in in_steps(SocialAccount.objects.filter(user=user.pk)):
        said = json.dumps(row.extra_data, ensure_ascii=False, indent=1)
        known = {"provider": row.provider, "id": row.uid, "first": row.date_joined, "last": row.last_login}
        yield known | {"said": said}


def _sessions(user: Any) -> Iterator[dict[str, Any]]:
    for row in in_steps(UserSession.objects.filter(user=user.pk)):
        yield {"began": row.created_at, "seen": row.last_seen_at, "address": row.ip, "browser": row.user_agent}


def _invitations(user: Any) -> Iterator[dict[str, Any]]:
    """Without the note, in which staff may have written of others."""
    for row in in_steps(Invitation.objects.filter(used_by=user.pk)):
        yield {"email": row.email, "made": row.made_at, "used": row.used_at}


register(
    Section(
        "addresses",
        _("E-mail addresses"),
        _addresses,
        {"email": _("E-mail address"), "confirmed": _("Confirmed"), "primary": _("The first of them")},
        tables=("account.EmailAddress",),
    ),
    Section(
        "factors",
        _("Second factors"),
        _factors,
        {"type": _("Kind"), "name": _("Name"), "added": _("Added"), "used": _("Last used")},
        _("What they are made of is not told: whoever has that could log in by it."),
        ("mfa.Authenticator",),
    ),
    Section(
        "identities",
        _("Logins at other places"),
        _identities,
        {
            "provider": _("Provider"),
            "id": _("Id"),
            "first": _("First login"),
            "last": _("Last login"),
            "said": _("What it said of you"),
        },
        tables=("socialaccount.SocialAccount",),
    ),
    Section(
        "sessions",
        _("Where you are logged in"),
        _sessions,
        {"began": _("Begun"), "seen": _("Last used"), "address": _("Address"), "browser": _("Browser")},
        tables=("usersessions.UserSession",),
    ),
    Section(
        "invitations",
        _("The invitation that you came by"),
        _invitations,
        {"email": _("E-mail address"), "made": _("Made"), "used": _("Used")},
        tables=("chatsite.Invitation",),
    ),
)
leave_out(
    {
        "account.EmailConfirmation": "a secret that was sent to the address",
        "chatsite.ClaimedRights": "which of the account's groups the provider named",
        "chatsite.ProviderSession": "what a session is known by at the provider: a secret",
        "socialaccount.SocialToken": "a secret; the site keeps none",
    }
)
