"""That an account is being erased, until it is gone: whoever comes next finishes it (chat/retention/erasure.py)."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy


class AccountErasure(models.Model):
    """Its last step deletes the user, and this with them."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = gettext_lazy("erasure of an account")
        verbose_name_plural = gettext_lazy("erasures of accounts")

    def __str__(self) -> str:
        return f"erasure of user {self.user_id}"
