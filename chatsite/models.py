"""Tables of the site."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import Group, User
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy


class CacheEntry(models.Model):
    """The default cache: Django's `DatabaseCache` over this table, with its columns.

    In the database, so that all processes count together, and each step is atomic. Nothing is kept there but the
    counters of attempts to log in, and that a process has swept (chatsite/sweep.py).
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key


# Single sign-on (chatsite/single_sign_on/)


class ProviderSession(models.Model):
    """A session here that began with a login at the provider, and so ends with the one there."""

    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, models.CASCADE)
    sub = models.CharField(max_length=191, db_index=True)
    sid = models.CharField(max_length=255, db_index=True)
    """The provider's name for its session; empty where it has none."""
    id_token = models.TextField()
    """For a logout at the provider."""

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class UsedLogoutToken(models.Model):
    """A logout token counts once. What it has ended does not begin here either, by a login that was on its way."""

    digest = models.CharField(max_length=64, primary_key=True)
    """Of its issuer and `jti`."""
    expires = models.DateTimeField(db_index=True)
    sub = models.CharField(max_length=191, db_default="")
    sid = models.CharField(max_length=255, db_default="")
    """Empty, as `sub`, where the token has none."""
    issued_at = models.BigIntegerField(db_default=0)
    """In the provider's seconds (`iat`)."""

    def __str__(self) -> str:
        return self.digest


class ClaimedRights(models.Model):
    """What a user has by the provider's word alone, and loses by it. What staff gave is not among it."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="+")
    groups = models.ManyToManyField(Group, related_name="+")
    is_staff = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


def in_a_week() -> datetime:
    return timezone.now() + timedelta(days=7)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def of(self, token: str) -> "InvitationQuerySet":
        return self.filter(digest=digest_of(token))

    def unused(self) -> "InvitationQuerySet":
        """Which have not ended either."""
        return self.filter(used_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A link that makes one account (chatsite/accounts/invitations/). Of its token a digest alone is kept."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    note = models.CharField(
        gettext_lazy("for whom"), max_length=200, blank=True, help_text=gettext_lazy("For staff alone.")
    )
    email = models.EmailField(gettext_lazy("e-mail address"), blank=True)
    groups = models.ManyToManyField(Group, related_name="+", blank=True, verbose_name=gettext_lazy("groups"))
    made_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=gettext_lazy("by"))
    made_at = models.DateTimeField(gettext_lazy("made"), default=timezone.now)
    expires_at = models.DateTimeField(gettext_lazy("until"), default=in_a_week)
    # Its link was sent to the address, and shown to nobody else: who has it reads what is sent there.
    is_mailed = models.BooleanField(gettext_lazy("sent by e-mail"), default=False, editable=False)
    # With the account goes what was written of its owner.
    used_by = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="+", verbose_name=gettext_lazy("used by")
    )
    used_at = models.DateTimeField(gettext_lazy("used"), null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("invitation")
        verbose_name_plural = gettext_lazy("invitations")
        ordering = ["-made_at", "-pk"]
        # Who may add an account may invite.
        default_permissions = ()

    def __str__(self) -> str:
        """Without a name: it stands in the log of the administration."""
        return gettext("Invitation %(number)s") % {"number": self.pk}

    def is_unused(self) -> bool:
        return self.used_at is None and self.expires_at > timezone.now()

    def renew_token(self) -> str:
        token = secrets.token_urlsafe(32)
        self.digest = digest_of(token)
        return token


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
