"""The site's administration: its name, and its users, whose accounts are erased with all that they own."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy

from chat.admin.deletion import AccountDeletion

admin.site.site_header = gettext_lazy("Chatsite administration")
admin.site.site_title = "Chatsite"
admin.site.index_title = gettext_lazy("Administration")
admin.site.unregister(User)


@admin.register(User)
class UserAdmin(AccountDeletion, DjangoUserAdmin):  # type: ignore[type-arg]
    """Django's page for users, which also deletes the owners of long conversations."""
