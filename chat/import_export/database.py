"""Documents from the database, and back into it."""

import heapq
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from chat.attachments.uploads import clean_name
from chat.core.endings import Status
from chat.core.reply import Mark
from chat.errors import Conflict
from chat.import_export.document import (
    SavedAttachment,
    SavedConversation,
    SavedFeedback,
    SavedGeneration,
    SavedMessage,
    SavedPart,
)
from chat.models import (
    Attachment,
    AttachmentContent,
    Conversation,
    Feedback,
    Generation,
    Message,
    MessageAttachment,
    MessagePart,
    SearchEntry,
)
from chat.models.users import UserId

KEPT = ("is_pinned", "is_archived", "system_prompt", "temperature", "max_tokens")
"""What a conversation and its document both call by these names."""
BATCH = 200
Names = Mapping[tuple[UUID, UUID], UUID]
"""By the ids of a document and of one of its attachments, what that attachment is called here."""


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


@transaction.atomic
def restore_all(owner_id: UserId, documents: Sequence[SavedConversation], attachments: Names) -> list[bool]:
    """Store documents as conversations of this owner. For each: False if it is there already.

    Their attachments are stored already, and sent with this. Raises Conflict if one is missing.

    Ids stay as they are where they are free; where somebody else has them, others take their place, and always the
    same, so that a file that is read twice gives one conversation.
    """
    new, is_new = dict[UUID, SavedConversation](), list[bool]()
    for document, (pk, is_there) in zip(documents, places(owner_id, documents), strict=True):
        is_new.append(not is_there and pk not in new)
        if is_new[-1]:
            new[pk] = document
    _store(owner_id, new, attachments)
    return is_new


def places(owner_id: UserId, documents: Sequence[SavedConversation]) -> list[tuple[UUID, bool]]:
    """The id that each has as this owner's conversation, and whether it is there."""
    other = {document.id: uuid5(document.id, str(owner_id)) for document in documents}
    known = Conversation.with_deleted.filter(pk__in=[*other, *other.values()])
    owners: dict[UUID, UserId] = dict(known.values_list("pk", "owner"))
    pks = [pk if owners.get(pk, owner_id) == owner_id else other[pk] for pk in (each.id for each in documents)]
    return [(pk, pk in owners) for pk in pks]


def arrange(owner_id: UserId) -> None:
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


def _store(owner_id: UserId, documents: Mapping[UUID, SavedConversation], attachments: Names) -> None:
    """Documents by the ids of their conversations, table by table: a few statements, however many they are."""
    names = _names(documents)
    messages = [(pk, number, each) for pk, doc in documents.items() for number, each in enumerate(doc.messages, 1)]
    conversations = [_conversation(owner_id, pk, document) for pk, document in documents.items()]
    Conversation.objects.bulk_create(conversations)
    Message.objects.bulk_create(_message_row(pk, names[pk], number, each) for pk, number, each in messages)
    MessagePart.store((names[pk][each.id], each.reply.rows_since(Mark())[0]) for pk, _, each in messages)
    SearchEntry.objects.index_restored(
        conversations, [(pk, names[pk][each.id], _findable(documents[pk], each)) for pk, _, each in messages]
    )
    Generation.objects.bulk_create(
        _row(owner_id, names[pk][each.id], number, generation, each.reply.position)
        for pk, _, each in messages
        for number, generation in enumerate(each.generations)
    )
    Feedback.objects.bulk_create(
        Feedback(message_id=names[pk][each.id], **each.feedback.model_dump())
        for pk, _, each in messages
        if each.feedback
    )
    _attach(documents, names, attachments)
    # After the messages, which it names and which name their conversation.
    for conversation in conversations:
        current = documents[conversation.pk].current
        conversation.current_id = current and names[conversation.pk][current]
    Conversation.objects.bulk_update(conversations, ["current"])


def _findable(document: SavedConversation, message: SavedMessage) -> str:
    """By which it was found before: what it says, and what its files are called."""
    files = document.attached_to(message) if message.attachments else []
    return "\n".join([message.text, *(clean_name(each.name) for each in files)])


def _attach(
    documents: Mapping[UUID, SavedConversation], names: Mapping[UUID, Mapping[UUID, UUID]], attachments: Names
) -> None:
    """Give messages that are stored their files. Raises Conflict if these are not: something was erased meanwhile."""
    taken, borne = list[Attachment](), list[MessageAttachment]()
    for pk, document in documents.items():
        if any((document.id, each.id) not in attachments for each in document.attachments):
            raise Conflict
        files = {each.id: attachments[document.id, each.id] for each in document.attachments}
        taken += [
            Attachment(pk=files[each.id], conversation_id=pk, created_at=each.created_at)
            for each in document.attachments
        ]
        borne += [
            MessageAttachment(message_id=names[pk][message.id], attachment_id=files[attachment_id], number=number)
            for message in document.messages
            for number, attachment_id in enumerate(message.attachments, 1)
        ]
    Attachment.objects.bulk_update(taken, ["conversation", "created_at"], batch_size=BATCH)
    MessageAttachment.objects.bulk_create(borne)


def _names(documents: Mapping[UUID, SavedConversation]) -> dict[UUID, dict[UUID, UUID]]:
    """By conversation, what each message will be called: as before, or as nobody's is called if one is taken."""
    ids = [message.id for document in documents.values() for message in document.messages]
    taken = set(Message.objects.filter(pk__in=ids).values_list("pk", flat=True))
    names = dict[UUID, dict[UUID, UUID]]()
    for pk, document in documents.items():
        own = {message.id for message in document.messages}
        is_free = pk == document.id and taken.isdisjoint(own)
        names[pk] = {old: old if is_free else uuid5(pk, str(old)) for old in own}
        taken |= own
    return names


def _conversation(owner_id: UserId, pk: UUID, document: SavedConversation) -> Conversation:
    return Conversation(
        pk=pk,
        owner_id=owner_id,
        title=document.title,
        titled_by=document.titled_by,
        created_at=document.created_at,
        updated_at=document.updated_at,
        **{name: getattr(document, name) for name in KEPT},
    )


def _message_row(pk: UUID, names: Mapping[UUID, UUID], number: int, message: SavedMessage) -> Message:
    return Message(
        pk=names[message.id],
        conversation_id=pk,
        parent_id=message.parent and names[message.parent],
        role=message.role,
        number=number,
        created_at=message.created_at,
    )


def _row(owner_id: UserId, message_id: UUID, number: int, saved: SavedGeneration, length: int) -> Generation:
    """A generation that was running when it was saved has no process here: it was interrupted."""
    row = Generation(message_id=message_id, owner_id=owner_id, number=number, **saved.model_dump())
    row.status = Status.INTERRUPTED if row.is_running else row.status
    row.ends_at = length if row.ends_at is None else row.ends_at
    row.ended_at = row.ended_at or timezone.now()
    return row
