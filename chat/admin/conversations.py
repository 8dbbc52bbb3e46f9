"""The list of conversations, and the page of one."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Coalesce, Concat
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext, gettext_lazy

from chat.admin.attachments import AttachmentPages
from chat.admin.deletion import BriefDeletion
from chat.admin.filters import (
    EndingFilter,
    FeedbackFilter,
    LastActivityFilter,
    LinkFilter,
    ModelFilter,
    ProviderFilter,
)
from chat.admin.link_tokens import tokens_in
from chat.admin.links import LinkPages, links_of, may_revoke
from chat.admin.lookups import OfferedLookups
from chat.admin.reasons import ask_for_reason
from chat.admin.recorded import RecordedList
from chat.admin.transcript import transcript
from chat.audit import readings_of, record
from chat.core.reply import TEXT
from chat.errors import Held
from chat.i18n import translated
from chat.models import Conversation, Generation, Message, MessagePart, Share
from chat.models.audience import Audience
from chat.models.certificate import Purpose
from chat.models.users import has_permission
from chat.retention.certificates import Cause
from chat.retention.erasure import erase_after_commit

LATEST_MODEL = (
    Generation.objects.filter(message__conversation=OuterRef("pk"))
    .order_by("-message__number", "-number")
    .values("model")[:1]
)
MESSAGE_COUNT = (
    Message.objects.filter(conversation=OuterRef("pk"))
    .order_by()
    .values("conversation")
    .annotate(count=Count("pk"))
    .values("count")
)

READINGS = 100
"""That a page of the history shows."""
OWNERS_NAME = f"owner__{get_user_model().USERNAME_FIELD}"


class WordSearch:
    """For the ModelAdmin of conversations: how its list is searched."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Conversation], search_term: str
    ) -> tuple[QuerySet[Conversation], bool]:
        """Each word somewhere in the conversation; Django's way wants all of them in one message.

        Whose link somebody has, is found by the whole of it alone.
        """
        for word in _words(search_term):
            said = _saying(word).filter(message__conversation=OuterRef("pk"))
            found: Any = Q((f"{OWNERS_NAME}__icontains", word)) | Q(title__icontains=word) | Exists(said.order_by())
            if tokens := tokens_in(word):
                found |= Exists(Share.objects.filter(conversation=OuterRef("pk"), token__in=tokens).order_by())
            queryset = queryset.filter(found)
        return queryset, False


@admin.register(Conversation)
class ConversationAdmin(
    RecordedList,
    OfferedLookups,
    WordSearch,
    AttachmentPages,
    LinkPages,
    BriefDeletion,
    admin.ModelAdmin,  # type: ignore[type-arg]
):
    """Read by `chat.view_conversation`, deleted by `chat.delete_conversation`, and never changed.

    Links are revoked by `chat.delete_share`.
    """

    list_display = ["name", "owner", "latest_model", "message_count", "last_activity", "shared_with"]
    list_filter = [
        ModelFilter,
        ProviderFilter,
        EndingFilter,
        FeedbackFilter,
        LinkFilter,
        ("updated_at", LastActivityFilter),
    ]
    list_select_related = ["owner"]
    list_per_page = 50
    ordering = ["-updated_at"]
    search_fields = [OWNERS_NAME, "title", "messages__parts__text"]
    search_help_text = gettext_lazy(
        "Finds words in owners' names, in titles and in what was said, and whose a shared link is."
    )
    # Counting all rows to say "3 of 100,000" is a scan that nobody needs.
    show_full_result_count = False
    # The conversation's own page is its owner's alone.
    view_on_site = False
    fields = ()

    class Media:
        css = {"all": ["chat/css/markdown.css", "chat/css/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Django lets those who may change a thing view it too. Here nobody may change, so it says nothing."""
        return has_permission(request.user, "chat.view_conversation")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        conversations: QuerySet[Conversation] = super().get_queryset(request)
        return conversations.annotate(
            latest_model=Subquery(LATEST_MODEL),
            message_count=Coalesce(Subquery(MESSAGE_COUNT), 0),
            shared_with=_most_open_link(),
        )

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """The transcript, with `?plain` as it was written.

        Django asks for it only after checking permissions; each reading is recorded.
        """
        if response := ask_for_reason(request, self.admin_site, Conversation, obj.pk):
            return response
        record(request.user, obj, "Read the transcript.")
        part = transcript(obj, request.GET.get("from", ""))
        context |= {"title": obj.name, "subtitle": None, "transcript": part, "turns": part.turns}
        context |= {"is_plain": "plain" in request.GET}
        context |= {"links": links_of(obj), "may_revoke": may_revoke(request.user)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who has read it: of that Django's own log, which its page shows, says nothing. It bears the title, too."""
        conversation = self.get_object(request, unquote(object_id))
        if conversation is None:  # Django's page leads back to the list
            return super().history_view(request, object_id, extra_context)
        if not self.has_view_permission(request, conversation):
            raise PermissionDenied
        if response := ask_for_reason(request, self.admin_site, Conversation, conversation.pk):
            return response
        readings = readings_of(conversation).select_related("context")
        page = self.get_paginator(request, readings, READINGS).get_page(request.GET.get(PAGE_VAR, 1))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Who has read this: %(title)s") % {"title": conversation.name},
            "subtitle": None,
            "readings": list(page.object_list),  # without this one
            "page": page,
            "pages": page.paginator.get_elided_page_range(page.number),
            "page_var": PAGE_VAR,
            "original": conversation,
            "opts": self.opts,
            **(extra_context or {}),
        }
        record(request.user, conversation, "Read who has read it.")
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/chat/conversation/object_history.html", context)

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        self.delete_queryset(request, Conversation.with_deleted.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """As its owner would: no title stays in the log, which by now says that they are deleted."""
        try:
            with transaction.atomic():
                erase_after_commit(queryset, Cause(Purpose.STAFF, request.user))
        except Held as held:
            raise PermissionDenied(held.said(translated)) from held

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        """Back to the list, where Django sends only those who may change what is on it."""
        super().response_delete(request, obj_display, obj_id)
        return redirect("admin:chat_conversation_changelist")

    @admin.display(description=gettext_lazy("title"), ordering="title")
    def name(self, conversation: Conversation) -> str:
        return conversation.name

    @admin.display(description=gettext_lazy("model"), ordering="latest_model", empty_value="–")
    def latest_model(self, conversation: Any) -> str | None:
        model: str | None = conversation.latest_model
        return model

    @admin.display(description=gettext_lazy("messages"), ordering="message_count")
    def message_count(self, conversation: Any) -> int:
        count: int = conversation.message_count
        return count

    @admin.display(description=gettext_lazy("last activity"), ordering="updated_at")
    def last_activity(self, conversation: Conversation) -> Any:
        return conversation.updated_at

    @admin.display(description=gettext_lazy("shared with"), empty_value="–")
    def shared_with(self, conversation: Any) -> str | None:
        return str(Audience(conversation.shared_with).label) if conversation.shared_with else None


def _most_open_link() -> Case:
    """Who can read one of the links that have not ended, by today's settings."""
    links = Share.objects.not_ended().filter(conversation=OuterRef("pk")).order_by()
    return Case(
        When(Exists(links.for_everybody()), then=Value(Audience.PUBLIC)),
        When(Exists(links), then=Value(Audience.MEMBERS)),
        output_field=CharField(),
    )


def _saying(word: str) -> QuerySet[MessagePart]:
    """The rows of text that say `word`, each looked at with the one that goes on with it: it may lie across."""
    following = MessagePart.objects.filter(message=OuterRef("message"), number=OuterRef("number") + 1, kind=TEXT)
    text_of_next = Coalesce(Subquery(following.order_by().values("text")[:1]), Value("", TextField()))
    rows = MessagePart.objects.filter(kind=TEXT)
    return rows.annotate(with_next=Concat("text", text_of_next)).filter(with_next__icontains=word)


def _words(search_term: str) -> list[str]:
    """The words, and "what is quoted" as one, as in Django's other searches."""
    return [_unquoted(word) for word in smart_split(search_term)]


def _unquoted(word: str) -> str:
    quoted = len(word) > 1 and word[0] in "\"'" and word[0] == word[-1]
    return unescape_string_literal(word) if quoted else word
