"""The site's administration: its name, its users, and its groups.

Stricter than Django, where `change_user` alone is a way to every right: who is no superuser changes nothing of a user
who has more rights than they, and gives nobody a right that they lack.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext, gettext_lazy

from chat.admin import EraseWithOwner, OfferedLookups
from chat.admin.deletion import find_locked
from chatsite.accounts.invitations.admin import InvitationAdmin
from chatsite.accounts.passwords import PasswordAlone
from chatsite.accounts.rights import groups_within, has_more_rights, models_of, permissions_of
from chatsite.accounts.user_filters import LastActiveFilter, ProviderFilter, SecondFactorFilter, with_logins
from chatsite.models import Invitation
from chatsite.sessions.ending import end_sessions_of

admin.site.register(Invitation, InvitationAdmin)

# Django's own; and those of allauth, which are ways up: who may change an address or a second factor of somebody else
# could log in as them.
admin.site.unregister([User, Group, EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession])


class NewPasswordForm(PasswordAlone, AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Of somebody else."""


@admin.register(User)
class UserAdmin(OfferedLookups, EraseWithOwner, DjangoUserAdmin):  # type: ignore[type-arg]
    """Django's page for users, which also deletes the owners of long conversations."""

    change_password_form = NewPasswordForm
    list_display = ("username", "email", "last_active", "second_factor", "provider", "group_names", "is_staff")
    list_filter = (
        LastActiveFilter,
        SecondFactorFilter,
        ProviderFilter,
        "is_staff",
        "is_superuser",
        "is_active",
        "groups",
    )
    actions = ("end_sessions",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_logins(super().get_queryset(request))

    @admin.display(description=gettext_lazy("last active"), ordering="last_active")
    def last_active(self, user: Any) -> Any:
        return user.last_active

    @admin.display(description=gettext_lazy("second factor"), boolean=True, ordering="has_second_factor")
    def second_factor(self, user: Any) -> bool:
        return bool(user.has_second_factor)

    @admin.display(description=gettext_lazy("logs in by"), ordering="login_provider")
    def provider(self, user: Any) -> str:
        return user.login_provider or ""

    @admin.display(description=gettext_lazy("groups"))
    def group_names(self, user: Any) -> str:
        return ", ".join(group.name for group in user.groups.all())

    @admin.action(description=gettext_lazy("Log out everywhere"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: Any) -> None:
        for user in queryset:
            if _is_above(request, user):
                raise PermissionDenied
        for user in queryset:
            end_sessions_of(user)
            self.log_change(request, user, gettext("Logged out everywhere."))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Whoever is deleted meanwhile is not there."""
        try:
            return super().user_change_password(request, id, form_url)
        except DatabaseError as exc:
            if User.objects.filter(pk=id).exists():
                raise
            raise Http404 from exc

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Addresses are compared without regard to case: allauth looks for them in small letters."""
        obj.email = obj.email.lower()
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            end_sessions_of(obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of the password too: Django's page for it asks for this."""
        return super().has_change_permission(request, obj) and not _is_above(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_above(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *([] if _is_superuser(request) else ["is_superuser"])]

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Of permissions and groups, those that give no more than who is asking has."""
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field and not _is_superuser(request):
            within = {"user_permissions": permissions_of, "groups": groups_within}[db_field.name]
            field.queryset = field.queryset.filter(pk__in=within(request.user))
        return field

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """Nor does anybody come to a model that who saves lacks, as by leaving a group that is refused it."""
        own = models_of(request.user)
        super().save_related(request, form, formsets, change)
        if not _is_superuser(request) and not models_of(form.instance) <= own:
            raise PermissionDenied

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The list's action asks for each of them, which Django does for one alone."""
        names, counts, refused, protected = super().get_deleted_objects(objs, request)
        if any(_is_above(request, user) for user in objs):
            refused.add(str(self.opts.verbose_name))
        return names, counts, refused, protected

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        if any(_is_above(request, user) for user in queryset):
            raise PermissionDenied
        super().delete_queryset(request, queryset)


@admin.register(Group)
class GroupAdmin(OfferedLookups, DjangoGroupAdmin):
    """Django's page for groups, whose permissions are changed by superusers alone; so are they by a deletion."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *([] if _is_superuser(request) else ["permissions"])]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request) and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        """What somebody else has deleted meanwhile does not come back."""
        if change:
            find_locked(Group, obj.pk)
        super().save_model(request, obj, form, change)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


def _is_above(request: HttpRequest, user: Any) -> bool:
    return user is not None and has_more_rights(user, request.user)
