"""What a user prefers: the settings that a new conversation begins with."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy

from chat.models.model_settings import ModelSettings


class Preferences(ModelSettings):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="chat_preferences"
    )

    class Meta:
        verbose_name = gettext_lazy("preferences of a user")
        verbose_name_plural = gettext_lazy("preferences of users")

    def __str__(self) -> str:
        return f"preferences of user {self.user_id}"
