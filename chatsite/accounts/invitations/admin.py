"""Staff make invitations, see what became of them, and revoke them."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from chat.admin import Noted, OfferedLookups
from chat.audit import Action
from chatsite.accounts.invitations.acceptance import groups_to_give, may_invite
from chatsite.models import Invitation

logger = logging.getLogger("chatsite")


class InvitationAdmin(Noted, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    """Made by who may add an account, never changed, and revoked by its deletion. The link is shown once."""

    noted_as = Action.PERMISSION
    list_display = ("__str__", "note", "email", "group_names", "made_by", "expires_at", "state", "used_by")
    list_select_related = ("made_by", "used_by")
    asked_for = ("note", "email", "groups")
    filter_horizontal = ("groups",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        seen = ("made_by", "made_at", "expires_at", "is_mailed", "used_by", "used_at")
        return (*self.asked_for, *seen) if obj else self.asked_for

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=gettext_lazy("groups"))
    def group_names(self, invitation: Invitation) -> str:
        return ", ".join(group.name for group in invitation.groups.all())

    @admin.display(description=gettext_lazy("state"))
    def state(self, invitation: Invitation) -> str:
        if invitation.used_at:
            return gettext("used")
        return gettext("open") if invitation.expires_at > timezone.now() else gettext("expired")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_invite(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_invite(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_invite(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An account that is deleted takes its own along."""
        return may_invite(request.user) or request.user.has_perm("auth.delete_user")

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        field.queryset = groups_to_give(request.user)
        return field

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The mail goes out once the row is stored: no other writer waits for a mail server."""
        response = super().add_view(request, form_url, extra_context)
        made = getattr(request, "made_invitation", None)
        return self._hand_over(request, *made) if made else response

    def save_model(self, request: Any, obj: Invitation, form: Any, change: bool) -> None:
        obj.made_by, obj.email = request.user, obj.email.lower()
        request.made_invitation = obj, obj.renew_token()
        super().save_model(request, obj, form, change)

    def _hand_over(self, request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
        """Whoever is sent it shall be alone with it, so that it proves the address: else it is shown."""
        link = request.build_absolute_uri(reverse("account_invitation", args=[token]))
        asks_for_mail = bool(invitation.email and settings.CHAT_HAS_MAIL)
        is_mailed = asks_for_mail and _send(request, invitation, link)
        Invitation.objects.filter(pk=invitation.pk).update(is_mailed=is_mailed)
        said = {"opts": self.opts, "title": str(invitation), "invitation": invitation, "asks_for_mail": asks_for_mail}
        context = self.admin_site.each_context(request) | said | {"link": "" if is_mailed else link}
        return render(request, "admin/chatsite/invitation/made.html", context)


def _send(request: HttpRequest, invitation: Invitation, link: str) -> bool:
    context = {"request": request, "link": link, "until": invitation.expires_at, "host": request.get_host()}
    try:
        get_adapter(request).render_mail("account/email/invitation", invitation.email, context).send()
    except (OSError, SMTPException) as error:
        logger.warning("An invitation could not be sent (%s). See EMAIL_URL.", type(error).__name__)
        return False
    return True
