"""Legal holds: placed by `chat.add_hold`, lifted by `chat.change_hold`, seen by `chat.view_hold`; none is deleted.

They name people and conversations, and why; nothing of what these wrote.
"""

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from chat.admin.lookups import OfferedLookups
from chat.core.blank import is_blank
from chat.errors import Conflict
from chat.i18n import translated
from chat.models import AccountErasure, Conversation, Hold
from chat.models.conversation import ERASING
from chat.retention import holds

UNKNOWN_USER = gettext_lazy("There is no such user.")
UNKNOWN_CONVERSATION = gettext_lazy("There is no such conversation.")
ONE_OF_BOTH = gettext_lazy("Name a user or a conversation.")


class InForceFilter(admin.SimpleListFilter):
    title = gettext_lazy("in force")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", gettext("in force")), ("no", gettext("lifted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(lifted_at__isnull=self.value() == "yes")


class PlaceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Names are typed: who holds something need not see the list of users, or of conversations."""

    username = forms.CharField(
        label=gettext_lazy("User"),
        required=False,
        help_text=gettext_lazy("By the name they log in with. Nothing of theirs is erased, nor is their account."),
    )
    conversation_id = forms.UUIDField(
        label=gettext_lazy("Conversation"),
        required=False,
        help_text=gettext_lazy("Or by its id, one conversation, whether its owner has deleted it or not."),
    )

    class Meta:
        model = Hold
        fields = ("reason",)

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if is_blank(reason):
            raise forms.ValidationError(gettext("Say why: a sentence, or a reference."))
        return reason

    def clean_username(self) -> Any:
        """The user; None if none is named."""
        users, name = get_user_model(), self.cleaned_data["username"]
        user = users._base_manager.filter(**{users.USERNAME_FIELD: name}).first() if name else None
        if name and not user:
            raise forms.ValidationError(UNKNOWN_USER)
        if user and AccountErasure.objects.filter(user=user).exists():
            raise forms.ValidationError(gettext(holds.TOO_LATE))
        return user

    def clean_conversation_id(self) -> Conversation | None:
        found: uuid.UUID | None = self.cleaned_data["conversation_id"]
        conversation: Conversation | None = Conversation.with_deleted.filter(pk=found).first() if found else None
        if found and not conversation:
            raise forms.ValidationError(UNKNOWN_CONVERSATION)
        if conversation and conversation.deleted_at == ERASING:
            raise forms.ValidationError(gettext(holds.TOO_LATE))
        return conversation

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and bool(cleaned.get("username")) == bool(cleaned.get("conversation_id")):
            raise forms.ValidationError(ONE_OF_BOTH)
        return cleaned

    def save(self, commit: bool = True) -> Hold:
        """A hold that is not placed yet."""
        user, conversation = self.cleaned_data["username"], self.cleaned_data["conversation_id"]
        self.instance.user, self.instance.conversation = user, conversation
        hold: Hold = self.instance
        return hold

    def save_m2m(self) -> None:
        """There is nothing of this kind."""


class LiftForm(forms.ModelForm):  # type: ignore[type-arg]
    is_lifted = forms.BooleanField(
        label=gettext_lazy("Lift this hold"),
        required=False,
        help_text=gettext_lazy("What waits to be erased is erased then. A hold that was lifted is not placed again."),
    )

    class Meta:
        model = Hold
        fields = ()


@admin.register(Hold)
class HoldAdmin(OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    when_empty = gettext_lazy(
        "Nothing is held. A hold on a user or a conversation keeps what may not be erased now, whoever asks for it, "
        "until it is lifted."
    )
    list_display = ["placed_at", "held", "reason", "placed_by_key", "lifted_at", "lifted_by_key"]
    list_filter = ["placed_at", InForceFilter]
    list_select_related = ["user"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["=owner_key", "=conversation_key"]
    search_help_text = gettext_lazy("Finds whole ids of users and conversations.")
    readonly_fields = [
        "held",
        "owner_key",
        "conversation_key",
        "placed_at",
        "placed_by_key",
        "lifted_at",
        "lifted_by_key",
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of one that is lifted there is nothing to change."""
        return super().has_change_permission(request, obj) and (obj is None or obj.lifted_at is None)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs | {"form": LiftForm if obj else PlaceForm})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["username", "conversation_id", "reason"]
        return ["reason", *self.readonly_fields, *(["is_lifted"] if self.has_change_permission(request, obj) else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["reason", *self.readonly_fields]

    def save_model(self, request: HttpRequest, obj: Hold, form: Any, change: bool) -> None:
        """Whatever has come first meanwhile, another's lifting or an erasure."""
        if change:
            if form.cleaned_data["is_lifted"]:
                holds.lift(obj.pk, request.user)
            return
        of = obj.conversation or obj.user
        owner_id, conversation_id = (of.owner_id, of.pk) if isinstance(of, Conversation) else (obj.user_id, None)
        try:
            obj.pk = holds.place(request.user, obj.reason, owner_id=owner_id, conversation_id=conversation_id).pk
        except Conflict as conflict:
            raise PermissionDenied(conflict.said(translated)) from conflict

    @admin.display(description=gettext_lazy("held"), empty_value="–")
    def held(self, hold: Hold) -> str | None:
        """What it holds as long as it does; afterwards the ids say what it was."""
        if hold.user:
            return gettext("the user %(name)s") % {"name": hold.user.get_username()}
        return gettext("conversation %(id)s") % {"id": hold.conversation_id} if hold.conversation_id else None
