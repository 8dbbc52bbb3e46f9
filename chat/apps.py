from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ChatConfig(AppConfig):
    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = gettext_lazy("Chat")
    # That of its migrations, whatever the project prefers.
    default_auto_field = "django.db.models.BigAutoField"
