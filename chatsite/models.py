"""Tables of the site."""

from django.contrib.auth.models import Group, User
from django.db import models


class CacheEntry(models.Model):
    """The default cache: Django's `DatabaseCache` over this table, with its columns.

    In the database, so that all processes count together, and each step is atomic. Nothing is kept there but the
    counters of attempts to log in.
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
    """A logout token counts once."""

    digest = models.CharField(max_length=64, primary_key=True)
    """Of its issuer and `jti`."""
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest


class ClaimedRights(models.Model):
    """What a user has by the provider's word alone, and loses by it. What staff gave is not among it."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="+")
    groups = models.ManyToManyField(Group, related_name="+")
    is_staff = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
