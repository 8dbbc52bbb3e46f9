"""Documents from the database."""

from collections.abc import Sequence
from uuid import UUID

from chat.core.endings import Status
from chat.import_export.document import (
    SavedAttachment,
    SavedConversation,
    SavedFeedback,
    SavedGeneration,
    SavedMessage,
    SavedPart,
)
from chat.import_export.records import KEPT
from chat.models import Attachment, AttachmentContent, Conversation, Generation, Message
from chat.models.users import UserId


def saved(owner_id: UserId, conversation_id: UUID) -> SavedConversation | None:
    """A conversation of this owner as a document; None if there is none. A running answer: as far as it is stored.

    Its attachments lack their contents, which `with_content` gives one by one.
    """
    conversation = Conversation.objects.filter(pk=conversation_id, owner=owner_id).first()
    if not conversation:
        return None
    # Generations before parts, as in Conversation.branch: an answer that ends in between keeps all its text.
    of_messages = conversation.messages.select_related("feedback").order_by("number")
    rows = of_messages.prefetch_related("generations", "parts", "attached")
    messages = [_message(message) for message in rows]
    attachments = _attachments(conversation, messages)
    if attachments is None:
        return None
    return SavedConversation.model_construct(
        id=conversation.pk,
        title=conversation.title,
        titled_by=conversation.titled_by,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        current=conversation.current_id,
        messages=messages,
        attachments=attachments,
        **{name: getattr(conversation, name) for name in KEPT},
    )


def _message(message: Message) -> SavedMessage:
    return SavedMessage.model_construct(
        id=message.pk,
        parent=message.parent_id,
        role=message.role,
        created_at=message.created_at,
        parts=[SavedPart.model_construct(kind=part.kind, text=part.text) for part in message.reply.parts()],
        generations=[_generation(generation) for generation in message.generations.all()],
        feedback=_feedback(message),
        attachments=[row.attachment_id for row in message.attached.all()],
    )


def _attachments(conversation: Conversation, messages: Sequence[SavedMessage]) -> list[SavedAttachment] | None:
    """In the order in which messages first bear them; None if the conversation is being erased."""
    borne = dict.fromkeys(pk for message in messages for pk in message.attachments)
    rows = {row.pk: row for row in conversation.attachments.all()} if borne else {}
    return [_attachment(rows[pk]) for pk in borne] if borne.keys() <= rows.keys() else None


def _attachment(row: Attachment) -> SavedAttachment:
    known = {name: getattr(row, name) for name in SavedAttachment.model_fields if name not in ("data", "text")}
    return SavedAttachment.model_construct(**known, data=b"", text="")


def with_content(attachment: SavedAttachment) -> SavedAttachment:
    """What `saved` gave, with its contents; without any if it has been erased meanwhile."""
    content = AttachmentContent.objects.filter(pk=attachment.id).first()
    known = {"data": bytes(content.data), "text": content.text} if content else {}
    return attachment.model_copy(update=known)


def _feedback(message: Message) -> SavedFeedback | None:
    if not hasattr(message, "feedback"):
        return None
    return SavedFeedback.model_construct(value=message.feedback.value, comment=message.feedback.comment)


def _generation(generation: Generation) -> SavedGeneration:
    known = {name: getattr(generation, name) for name in SavedGeneration.model_fields}
    return SavedGeneration.model_construct(**known | {"status": Status(generation.status)})
