from django.apps import AppConfig
from django.contrib.admin import apps as admin


class ChatsiteConfig(AppConfig):
    name = "chatsite"
    default = True

    def ready(self) -> None:
        # They register themselves.
        from chatsite import checks  # noqa: F401
        from chatsite.accounts import failed_logins  # noqa: F401
        from chatsite.accounts import subject as subject
        from chatsite.databases import checks as databases  # noqa: F401
        from chatsite.databases import migrations as migrations
        from chatsite.single_sign_on import checks as single_sign_on  # noqa: F401


class AdminConfig(admin.AdminConfig):
    """Django's administration, with this site's own `AdminSite`."""

    default_site = "chatsite.admin_site.AdminSite"
    default = False
