"""Documents from the database, and back into it."""

import heapq
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from chat.archive.document import SavedConversation, SavedFeedback, SavedGeneration, SavedMessage, SavedPart
from chat.models import Conversation, Feedback, Generation, Message, MessagePart, SearchEntry
from chat.models.generation import Status
from chat.reply import Mark

KEPT = ("is_pinned", "is_archived", "system_prompt", "temperature", "max_tokens")
"""What a conversation and its document both call by these names."""
BATCH = 200


def saved(owner_id: int, conversation_id: UUID) -> SavedConversation | None:
    """A conversation of this owner as a document; None if there is none. A running answer: as far as it is stored."""
    conversation = Conversation.objects.filter(pk=conversation_id, owner=owner_id).first()
    if not conversation:
        return None
    # Generations before parts, as in Conversation.branch: an answer that ends in between keeps all its text.
    messages = (
        conversation.messages.select_related("feedback").order_by("number").prefetch_related("generations", "parts")
    )
    return SavedConversation.model_construct(
        id=conversation.pk,
        title=conversation.title,
        titled_by=conversation.titled_by,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        current=conversation.current_id,
        messages=[_message(message) for message in messages],
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
    )


def _feedback(message: Message) -> SavedFeedback | None:
    if not hasattr(message, "feedback"):
        return None
    return SavedFeedback.model_construct(value=message.feedback.value, comment=message.feedback.comment)


def _generation(generation: Generation) -> SavedGeneration:
    return SavedGeneration.model_construct(
        **{name: getattr(generation, name) for name in SavedGeneration.model_fields},
    )


@transaction.atomic
def restore(owner_id: int, document: SavedConversation) -> bool:
    """Store a document as a conversation of this owner. False if it is there already.

    Ids stay as they are where they are free; where somebody else has them, others take their place, and always the
    same, so that a file that is read twice gives one conversation.
    """
    pk, is_there = _place(owner_id, document)
    if is_there:
        return False
    ids = _free_ids(document, pk)
    conversation = Conversation.objects.create(
        pk=pk,
        owner_id=owner_id,
        title=document.title,
        titled_by=document.titled_by,
        created_at=document.created_at,
        updated_at=document.updated_at,
        **{name: getattr(document, name) for name in KEPT},
    )
    Message.objects.bulk_create(
        Message(
            pk=ids[message.id],
            conversation=conversation,
            parent_id=message.parent and ids[message.parent],
            role=message.role,
            number=number,
            created_at=message.created_at,
        )
        for number, message in enumerate(document.messages, start=1)
    )
    MessagePart.store((ids[message.id], message.reply.rows_since(Mark())[0]) for message in document.messages)
    SearchEntry.objects.index_title(conversation)
    SearchEntry.objects.index_messages(
        pk, owner_id, ((ids[message.id], message.text) for message in document.messages)
    )
    Generation.objects.bulk_create(
        _row(owner_id, ids[message.id], number, generation, message.reply.position)
        for message in document.messages
        for number, generation in enumerate(message.generations)
    )
    Feedback.objects.bulk_create(
        Feedback(message_id=ids[message.id], **message.feedback.model_dump())
        for message in document.messages
        if message.feedback
    )
    conversation.current_id = document.current and ids[document.current]
    conversation.save(update_fields=["current"])
    return True


def is_stored(owner_id: int, document: SavedConversation) -> bool:
    """Is it there already, so that `restore` would leave it?"""
    return _place(owner_id, document)[1]


def arrange(owner_id: int) -> None:
    """Give the owner's restored conversations, which have no activity yet, their places in the list.

    They are merged by the time of their last change into what is there, which keeps its own order.
    """
    rows = Conversation.with_deleted.filter(owner=owner_id).only("activity", "updated_at")
    there = rows.filter(activity__gt=0).order_by("activity", "pk")
    restored = rows.filter(activity=0).order_by("updated_at", "pk")
    moved, last = list[Conversation](), 0
    for conversation in heapq.merge(there, restored, key=lambda conversation: conversation.updated_at):
        last = max(last + 1, conversation.activity)
        if conversation.activity != last:
            conversation.activity = last
            moved.append(conversation)
    Conversation.with_deleted.bulk_update(moved, ["activity"], batch_size=BATCH)


def _place(owner_id: int, document: SavedConversation) -> tuple[UUID, bool]:
    """The id that it has as this owner's conversation, and whether it is there."""
    pk = document.id
    taken = Conversation.with_deleted.filter(pk=pk).values_list("owner", flat=True).first()
    if taken is not None and taken != owner_id:
        pk = uuid5(pk, str(owner_id))
        taken = Conversation.with_deleted.filter(pk=pk).values_list("owner", flat=True).first()
    return pk, taken is not None


def _free_ids(document: SavedConversation, pk: UUID) -> dict[UUID, UUID]:
    """What each message will be called: as before, or as nobody's message is called if one of them is taken."""
    ids = [message.id for message in document.messages]
    if pk == document.id and not Message.objects.filter(pk__in=ids).exists():
        return dict(zip(ids, ids, strict=True))
    return {old: uuid5(pk, str(old)) for old in ids}


def _row(owner_id: int, message_id: UUID, number: int, saved: SavedGeneration, length: int) -> Generation:
    """A generation that was running when it was saved has no process here: it was interrupted."""
    row = Generation(message_id=message_id, owner_id=owner_id, number=number, **saved.model_dump())
    row.status = Status.INTERRUPTED if row.is_running else row.status
    row.ends_at = length if row.ends_at is None else row.ends_at
    row.ended_at = row.ended_at or timezone.now()
    return row
