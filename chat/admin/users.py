"""Django's page for users, which also deletes the owners of long conversations."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest

from chat.admin.deletion import BriefDeletion
from chat.models import Attachment, Conversation
from chat.retention.erasure import erase, erase_files, forget_names, keep_log_of

admin.site.unregister(User)


@admin.register(User)
class UserAdmin(BriefDeletion, DjangoUserAdmin):  # type: ignore[type-arg]
    def delete_model(self, request: HttpRequest, obj: User) -> None:
        self.delete_queryset(request, User.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """With all they own. The log, which by now says that they are deleted, keeps what they did, but no name."""
        ids = list(queryset.values_list("pk", flat=True))
        erase(Conversation.with_deleted.filter(owner__in=ids))
        erase_files(Attachment.objects.filter(owner__in=ids))
        keep_log_of(ids)
        super().delete_queryset(request, queryset)
        forget_names(User, ids)
