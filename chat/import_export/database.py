"""Documents from the database."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from chat.core.batches import batches
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
from chat.import_export.streamed import Streamed
from chat.models import (
    Attachment,
    AttachmentContent,
    Conversation,
    Generation,
    Message,
    MessageAttachment,
)
from chat.models.users import UserId

STEP, STEP_CHARACTERS = 50, 200_000
"""How many messages, and how much text, are read at a time for an export. One message may be longer."""


def saved_in_steps(owner_id: UserId, conversation_id: UUID) -> Streamed | None:
    """A conversation of this owner as a document; None if there is none. A running answer: as far as it is stored.

    It is read while it is written: each message in a step of its own, which may be in another thread. What is erased
    meanwhile is left out. Its attachments lack their contents, which `with_content` gives one by one.
    """
    conversation = Conversation.objects.filter(pk=conversation_id, owner=owner_id).first()
    return conversation and _streamed(conversation)


def _streamed(conversation: Conversation) -> Streamed:
    document = SavedConversation.model_construct(
        id=conversation.pk,
        title=conversation.title,
        titled_by=conversation.titled_by,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        current=conversation.current_id,
        messages=[],
        attachments=[],
        **{name: getattr(conversation, name) for name in KEPT},
    )
    return Streamed(
        document,
        messages=lambda: map(_message, _in_order(conversation)),
        branch=lambda: _branch(conversation),
        attachments=lambda: _attachments(conversation),
    )


def _in_order(conversation: Conversation) -> Iterator[Message]:
    """All its messages, with what `_message` asks of them."""
    last = 0
    while ids := list(
        conversation.messages.filter(number__gt=last).order_by("number").values_list("pk", "number")[:STEP]
    ):
        yield from _loaded(conversation, [pk for pk, _number in ids])
        last = ids[-1][1]


def _branch(conversation: Conversation) -> Iterator[tuple[SavedMessage, list[SavedAttachment]]]:
    for some in batches(conversation.path(conversation.current_id), STEP):
        for message in _loaded(conversation, some):
            rows = message.attached.select_related("attachment").order_by("number") if message.attached.all() else []
            yield _message(message), [_attachment(row.attachment) for row in rows]


def _loaded(conversation: Conversation, ids: Sequence[UUID]) -> Iterator[Message]:
    """A few messages at a time: as many as have not too much text together."""
    # Generations before parts, as in Conversation.branch: an answer that ends in between keeps all its text.
    rows = conversation.messages.select_related("feedback").prefetch_related("generations", "parts", "attached")
    for few in _parcels(ids, conversation.sizes(list(ids))):
        found = rows.in_bulk(few)
        yield from (found[pk] for pk in few if pk in found)


def _parcels(ids: Sequence[UUID], sizes: Sequence[int]) -> Iterator[list[UUID]]:
    parcel, chars = list[UUID](), 0
    for pk, size in zip(ids, sizes, strict=True):
        if parcel and chars + size > STEP_CHARACTERS:
            yield parcel
            parcel, chars = [], 0
        parcel.append(pk)
        chars += size
    yield parcel


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


def _attachments(conversation: Conversation) -> Iterator[SavedAttachment]:
    """In the order in which messages first bear them."""
    borne = MessageAttachment.objects.filter(message__conversation=conversation).order_by("message__number", "number")
    for pk in dict.fromkeys(borne.values_list("attachment", flat=True)):
        if row := Attachment.objects.filter(pk=pk).first():
            yield _attachment(row)


def _attachment(row: Attachment) -> SavedAttachment:
    known = {name: getattr(row, name) for name in SavedAttachment.model_fields if name not in ("data", "text")}
    return SavedAttachment.model_construct(**known, data=b"", text="")


def with_content(attachment: SavedAttachment) -> SavedAttachment:
    """What `saved_in_steps` gave, with its contents; without any if it has been erased meanwhile."""
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
