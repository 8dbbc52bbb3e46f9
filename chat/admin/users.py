"""Django's page for users, which also deletes the owners of long conversations."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import User

from chat.admin.deletion import BriefDeletion

admin.site.unregister(User)


@admin.register(User)
class UserAdmin(BriefDeletion, DjangoUserAdmin):  # type: ignore[type-arg]
    pass
