"""What readers think of answers, for those of the staff who look after it.

A comment is a user's words: the list and each page are recorded like a transcript, and so is what is saved of it.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.admin.csv_file import csv_file
from chat.admin.deletion import DeletedAlong
from chat.admin.lookups import OfferedLookups
from chat.admin.reasons import ask_for_reason
from chat.admin.recorded import RecordedList
from chat.audit import Action, record, record_list
from chat.models import Conversation, Feedback, Generation

SHOWN = 120
"""Characters of a comment in the list."""
MOST_SAVED = 10_000
"""Rows of a file."""
LOOKED_AT = Q(looked_at__gte=F("updated_at"))
MODEL = Generation.objects.filter(message=OuterRef("message")).order_by("-number").values("model")[:1]


class LookedAtFilter(admin.SimpleListFilter):
    title = gettext_lazy("looked at")
    parameter_name = "looked_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", _("not yet")), ("yes", _("yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(LOOKED_AT if self.value() == "yes" else Q(looked_at=None) | ~LOOKED_AT)


class CommentFilter(admin.SimpleListFilter):
    title = gettext_lazy("comment")
    parameter_name = "comment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("with a comment"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.exclude(comment="") if self.value() == "yes" else queryset


class ModelOfAnswerFilter(admin.SimpleListFilter):
    title = gettext_lazy("model")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        models = Generation.objects.filter(message__feedback__isnull=False)
        return [(name, name) for name in models.order_by("model").values_list("model", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(latest_model=self.value()) if self.value() in dict(self.lookup_choices) else queryset


class FeedbackForm(forms.ModelForm):  # type: ignore[type-arg]
    is_looked_at = forms.BooleanField(label=gettext_lazy("looked at"), required=False)
    seen = forms.DateTimeField(widget=forms.HiddenInput, required=False)
    """Up to when: what its writer changes while the page is open is to be looked at again."""

    class Meta:
        widgets = {"note": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "is_looked_at" in self.fields:  # who may only view is given no field
            self.fields["is_looked_at"].initial = is_looked_at(self.instance)
            self.fields["seen"].initial = self.instance.updated_at.isoformat()


@admin.register(Feedback)
class FeedbackAdmin(DeletedAlong, RecordedList, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    """Read by `chat.view_feedback`, marked by `chat.change_feedback`; nobody but its writer adds or withdraws any."""

    form = FeedbackForm
    list_display = ["updated_at", "value", "beginning", "latest_model", "owner", "looked", "transcript"]
    list_filter = ["value", LookedAtFilter, CommentFilter, ModelOfAnswerFilter, "updated_at"]
    list_select_related = ["message__conversation__owner"]
    list_per_page = 50
    ordering = ["-updated_at", "-pk"]
    show_full_result_count = False
    actions = ["mark", "save_as_csv"]
    readonly_fields = ["value", "comment", "updated_at", "latest_model", "owner", "transcript", "looked"]
    fields = (*readonly_fields, "is_looked_at", "seen", "note")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        may_mark = self.has_change_permission(request, obj)
        return [name for name in self.fields if may_mark or name not in ("is_looked_at", "seen")]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        shown: QuerySet[Feedback] = super().get_queryset(request).filter(message__conversation__deleted_at=None)
        return shown.annotate(latest_model=Subquery(MODEL))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        feedback: Feedback = kwargs["obj"]
        if response := ask_for_reason(request, self.admin_site, Conversation, feedback.message.conversation_id):
            return response
        record(request.user, feedback, "Read this feedback.")
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Feedback, form: Any, change: bool) -> None:
        """These fields alone: its writer may have changed the others meanwhile."""
        if form.cleaned_data["is_looked_at"]:
            obj.looked_at, obj.looked_by_id = form.cleaned_data["seen"] or obj.updated_at, request.user.pk
        else:
            obj.looked_at, obj.looked_by_id = None, None
        obj.save(update_fields=["note", "looked_at", "looked_by"])

    @admin.action(description=gettext_lazy("Mark as looked at"), permissions=["change"])
    def mark(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> None:
        count = queryset.exclude(LOOKED_AT).update(looked_at=timezone.now(), looked_by=request.user)
        self.message_user(request, _("Marked as looked at: %(count)s.") % {"count": count}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Save as CSV"), permissions=["view"])
    def save_as_csv(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> HttpResponse | None:
        """What is chosen, as the list has it in order. Spreadsheets run no cell of it."""
        if (count := queryset.count()) > MOST_SAVED:
            sentence = _("These are %(count)s rows; a file holds %(most)s. Narrow the list by its filters.")
            self.message_user(request, sentence % {"count": count, "most": MOST_SAVED}, messages.ERROR)
            return None
        record_list(request.user, Feedback, "Saved it as CSV.", count, noted_as=Action.EXPORT)
        header = ("updated_at", "value", "comment", "model", "owner", "looked_at", "note", "message")
        return csv_file("feedback.csv", header, map(_row, queryset.select_related("message__conversation__owner")))

    @admin.display(description=gettext_lazy("comment"), empty_value="–")
    def beginning(self, feedback: Feedback) -> str | None:
        return Truncator(feedback.comment).chars(SHOWN) or None

    @admin.display(description=gettext_lazy("model"), ordering="latest_model", empty_value="–")
    def latest_model(self, feedback: Any) -> str | None:
        name: str | None = feedback.latest_model
        return name

    @admin.display(description=gettext_lazy("owner"))
    def owner(self, feedback: Feedback) -> str:
        return str(feedback.message.conversation.owner)

    @admin.display(description=gettext_lazy("looked at"), ordering="looked_at")
    def looked(self, feedback: Feedback) -> str:
        if not feedback.looked_at:
            return _("not yet")
        when = {"when": date_format(timezone.localtime(feedback.looked_at), "SHORT_DATETIME_FORMAT")}
        return when["when"] if is_looked_at(feedback) else _("%(when)s, and changed since") % when

    @admin.display(description=gettext_lazy("transcript"))
    def transcript(self, feedback: Feedback) -> SafeString:
        """To read it there is a reading of its own."""
        message = feedback.message
        page = reverse("admin:chat_conversation_change", args=[message.conversation_id])
        return format_html('<a href="{}?from={}#message-{}">{}</a>', page, message.pk, message.pk, _("Open"))


def is_looked_at(feedback: Feedback) -> bool:
    return feedback.looked_at is not None and feedback.looked_at >= feedback.updated_at


def _row(feedback: Any) -> list[str]:
    looked = feedback.looked_at.isoformat() if feedback.looked_at else ""
    owner = str(feedback.message.conversation.owner)
    said = [feedback.value, feedback.comment, feedback.latest_model or "", owner]
    return [feedback.updated_at.isoformat(), *said, looked, feedback.note, str(feedback.message_id)]
