"""The files of a conversation as staff see them: by the permission that its transcript takes, recorded as that is."""

import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models.functions import Left
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, path

from chat.admin.reasons import ask_for_reason
from chat.audit import record
from chat.errors import NotFound
from chat.models import Attachment, Conversation, MessageAttachment
from chat.views.attachments import HEADERS, file_response, thumbnail_response

Respond = Callable[[Attachment, bool], HttpResponseBase]

SHOWN = 20_000
"""Characters of a text in the transcript. A conversation may have many; the file has the rest."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of a message."""

    attachment: Attachment
    text: str
    """The beginning of what a model is shown of it."""

    @property
    def is_cut(self) -> bool:
        return self.attachment.characters > len(self.text)


def files_in(conversation: Conversation, messages: list[uuid.UUID]) -> dict[uuid.UUID, list[AttachedFile]]:
    """Of these of its messages, in one query."""
    files: dict[uuid.UUID, list[AttachedFile]] = defaultdict(list)
    rows = MessageAttachment.objects.filter(message__conversation=conversation, message__in=messages).select_related(
        "attachment"
    )
    for row in rows.annotate(beginning=Left("attachment__content__text", SHOWN)).order_by("number"):
        files[row.message_id].append(AttachedFile(row.attachment, row.beginning or ""))
    return files


class AttachmentPages:
    """For the ModelAdmin of conversations: an address for each file and each thumbnail."""

    def get_urls(self: Any) -> list[URLPattern]:
        own = "<uuid:conversation_id>/attachments/<uuid:attachment_id>/"
        guarded = self.admin_site.admin_view
        return [
            path(own, guarded(self.file), name="chat_conversation_attachment"),
            path(f"{own}thumbnail/", guarded(self.thumbnail), name="chat_conversation_thumbnail"),
            *super().get_urls(),  # type: ignore[misc] # the ModelAdmin's
        ]

    def file(self, request: HttpRequest, **ids: uuid.UUID) -> HttpResponseBase:
        """An image to be shown, all else to be saved."""
        return self._read(request, "attachment", file_response, **ids)

    def thumbnail(self, request: HttpRequest, **ids: uuid.UUID) -> HttpResponseBase:
        """A small picture of an image."""
        return self._read(request, "the thumbnail of attachment", thumbnail_response, **ids)

    def _read(self: Any, request: HttpRequest, what: str, respond: Respond, **ids: uuid.UUID) -> HttpResponseBase:
        attachment = self._found(request, **ids)
        if response := ask_for_reason(request, self.admin_site, Conversation, attachment.conversation_id):
            return response
        record(request.user, attachment.conversation, f"Read {what} {attachment.pk}.")
        return _safe(respond, attachment, request)

    def _found(self: Any, request: HttpRequest, conversation_id: uuid.UUID, attachment_id: uuid.UUID) -> Attachment:
        if not self.has_view_permission(request):
            raise PermissionDenied
        of_it = Attachment.objects.filter(conversation=conversation_id, conversation__deleted_at=None)
        attachment = of_it.select_related("conversation").filter(pk=attachment_id).first()
        if not attachment:
            raise Http404
        return attachment


def _safe(respond: Respond, attachment: Attachment, request: HttpRequest) -> HttpResponseBase:
    """With the headers that its owner's browser gets; but kept by none, so that each reading is seen."""
    try:
        response = respond(attachment, request.method == "HEAD")
    except NotFound as exc:
        raise Http404 from exc
    for name, value in (HEADERS | {"Cache-Control": "private, no-store"}).items():
        response[name] = value
    return response
