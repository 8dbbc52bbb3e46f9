from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy


class ChatConfig(AppConfig):
    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = gettext_lazy("Chat")

    def ready(self) -> None:
        """The system checks of the rooms, what listens to Django's signals, and the tools of all apps.

        Raises ImproperlyConfigured for a CHAT_NOTICE that cannot be read: nobody is to be asked to accept nothing.
        """
        import_module("chat.assets.checks")
        import_module("chat.audit.checks")
        import_module("chat.audit.staff").listen()
        import_module("chat.models.checks")
        import_module("chat.models.time_outs")
        import_module("chat.generation.checks")
        import_module("chat.providers.checks")
        import_module("chat.serving.checks")
        import_module("chat.tools.checks")
        import_module("chat.tools.mcp.checks")
        import_module("chat.usage.checks")
        if find_spec("mcp"):
            import_module("chat.tools.mcp.catalog")
        import_module("chat.retention.erasure")
        import_module("chat.conversations.notice").current()  # read now, and not at the first question
        autodiscover_modules("chat_tools")
