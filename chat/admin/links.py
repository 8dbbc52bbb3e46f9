"""The shared links of a conversation for staff: for whom each is, not where it leads; they can revoke it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from chat.audit import Action, record
from chat.conversations import sharing
from chat.errors import NotFound
from chat.models import Conversation
from chat.models.audience import Audience
from chat.models.users import has_permission

NAME_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class Link:
    """Known by a name that does not tell its token."""

    name: str
    created_at: datetime
    expires_at: datetime | None
    readers: Audience


def links_of(conversation: Conversation) -> list[Link]:
    """Newest first, also those that have ended."""
    shares = conversation.shares.defer("snapshot")
    return [Link(name_of(each.token), each.created_at, each.expires_at, each.readers) for each in shares]


def name_of(token: str) -> str:
    return salted_hmac("chat.admin.links", token).hexdigest()[:NAME_CHARACTERS]


def may_revoke(user: Any) -> bool:
    return has_permission(user, "chat.delete_share")


class LinkPages:
    """For the ModelAdmin of conversations: an address that revokes a link."""

    def get_urls(self: Any) -> list[URLPattern]:
        own = "<uuid:conversation_id>/links/<slug:name>/revocation/"
        revoke = self.admin_site.admin_view(require_POST(self.revoke_link))
        return [path(own, revoke, name="chat_conversation_revocation"), *super().get_urls()]  # type: ignore[misc]

    def revoke_link(self: Any, request: HttpRequest, conversation_id: uuid.UUID, name: str) -> HttpResponse:
        """It shows nothing from now on, as if its owner had revoked it."""
        if not (self.has_view_permission(request) and may_revoke(request.user)):
            raise PermissionDenied
        conversation = Conversation.objects.filter(pk=conversation_id).first()
        if not conversation:
            raise Http404
        _revoke(request.user, conversation, name)
        messages.success(request, gettext("The link %(name)s shows nothing any more.") % {"name": name})
        return redirect("admin:chat_conversation_change", conversation.pk)


@transaction.atomic
def _revoke(user: Any, conversation: Conversation, name: str) -> None:
    for token in conversation.shares.values_list("pk", flat=True):
        if name_of(token) == name:
            record(user, conversation, f"Revoked the shared link {name}.", Action.PERMISSION)
            return _as_its_owner(conversation, token)
    raise Http404


def _as_its_owner(conversation: Conversation, token: str) -> None:
    try:
        sharing.revoke(conversation.owner_id, token)
    except NotFound as exc:  # who was quicker has revoked it
        raise Http404 from exc
