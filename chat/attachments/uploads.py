"""Files for a question that is yet to come: stored as soon as they are uploaded, and let go if it never comes."""

import unicodedata
import uuid
from pathlib import PurePosixPath
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Sum

from chat.attachments.inspection import Inspected, Limits
from chat.conf import settings
from chat.core.limits import FILE_NAME_CHARACTERS
from chat.core.reply import storable
from chat.errors import Conflict, NotFound, TooLong, TooMany
from chat.i18n import gettext_noop as _
from chat.models import Attachment, AttachmentContent, Conversation, Share
from chat.models.locks import lock_owner
from chat.models.users import UserId
from chat.retention.holds import check_not_held
from chat.retention.vacuum import despite_full_disk, overwrite_deleted

MOST_UNSENT = 50
"""Of one user. They are deleted a day after they came (chat/retention/expiry.py)."""
NAMELESS = "file"


def limits() -> Limits:
    return Limits(
        pixels=settings.CHAT_ATTACHMENT_PIXELS,
        pages=settings.CHAT_ATTACHMENT_PAGES,
        characters=settings.CHAT_ATTACHMENT_CHARS,
    )


def find_stored(owner_id: UserId, pk: uuid.UUID) -> Attachment | None:
    """What this id stands for already; None if one more may come.

    Raises NotFound for somebody else's, TooMany or TooLong if there is no room.
    """
    stored = _stored(owner_id, pk)
    if not stored:
        _check_room(owner_id)
    return stored


def store_upload(owner_id: UserId, pk: uuid.UUID, name: str, found: Inspected) -> tuple[Attachment, bool]:
    """Store what was found in a file; False if it is there already. Raises as `find_stored` does."""
    try:
        return _store_upload(owner_id, pk, name, found)
    except IntegrityError as exc:  # somebody else has taken this id in the meantime
        raise NotFound from exc


@transaction.atomic
def _store_upload(owner_id: UserId, pk: uuid.UUID, name: str, found: Inspected) -> tuple[Attachment, bool]:
    lock_owner(owner_id)
    if stored := _stored(owner_id, pk):
        return stored, False
    _check_room(owner_id, len(found.data))
    return store(owner_id, pk, name, found), True


def _stored(owner_id: UserId, pk: uuid.UUID) -> Attachment | None:
    """What is called so. Raises NotFound for somebody else's, or what is deleted."""
    stored = Attachment.objects.filter(pk=pk).select_related("conversation").first()
    if stored and (stored.owner_id != owner_id or (stored.conversation and stored.conversation.deleted_at)):
        raise NotFound
    return stored


def store(owner_id: UserId, pk: uuid.UUID, name: str, found: Inspected, **besides: Any) -> Attachment:
    """In the caller's transaction, with these other attributes. Raises IntegrityError if the id is taken."""
    attachment = Attachment.objects.create(
        pk=pk,
        owner_id=owner_id,
        kind=found.kind,
        name=clean_name(name),
        media_type=found.media_type,
        size=len(found.data),
        width=found.width,
        height=found.height,
        pages=found.pages,
        characters=len(found.text),
        **besides,
    )
    AttachmentContent.objects.create(
        attachment=attachment, data=found.data, thumbnail=found.thumbnail, text=found.text
    )
    return attachment


@despite_full_disk
@transaction.atomic
def discard(owner_id: UserId, pk: uuid.UUID) -> None:
    """Delete what has not been sent. Raises NotFound, Conflict if it has been, or Held."""
    lock_owner(owner_id)
    attachment = Attachment.objects.of(owner_id).filter(pk=pk).first()
    if not attachment:
        raise NotFound
    if attachment.conversation_id:
        raise Conflict(_("This file has been sent. It goes when its conversation is deleted."))
    check_not_held(owner_id)
    overwrite_deleted()
    attachment.delete()


def clean_name(name: str) -> str:
    """What a file is called: without a path, on one line, in the order in which it is read, no longer than fits."""
    name = storable(name).replace("\\", "/").rpartition("/")[2]
    # Controls, and what turns a name around or hides a part of it.
    name = "".join(letter for letter in name if not unicodedata.category(letter).startswith("C"))
    name = " ".join(name.split())
    return _cut(name) if name.strip(".") else NAMELESS


def _cut(name: str) -> str:
    """In the middle: the end says what it is."""
    if len(name) <= FILE_NAME_CHARACTERS:
        return name
    end = PurePosixPath(name).suffix[:20]
    return name[: FILE_NAME_CHARACTERS - len(end) - 1] + "…" + end


def _check_room(owner_id: UserId, size: int = 0) -> None:
    """Raises TooMany or TooLong."""
    mine = Attachment.objects.filter(owner=owner_id)
    if mine.unsent().count() >= MOST_UNSENT:
        sentence = _("%(limit)s of your files wait to be sent. Send some or remove some first.")
        raise TooMany(sentence, values={"limit": MOST_UNSENT}, retry_after=60)
    check_storage(owner_id, size)


def check_size(size: int) -> None:
    """Of a file in bytes. Raises TooLong."""
    limit = settings.CHAT_ATTACHMENT_BYTES
    if limit and size > limit:
        sentence = _("This file has %(count)s bytes; %(limit)s are allowed.")
        raise TooLong(sentence, values={"count": size, "limit": limit})


def check_storage(owner_id: UserId, size: int) -> None:
    """Is there room for so many bytes more? Raises TooLong."""
    check_taken(storage_taken(owner_id), max(size, 1))


def storage_taken(owner_id: UserId) -> int:
    """Bytes of a user's files, of what they have imported, deleted things included as long as they are there, and of
    what their links show.
    """
    files: int = Attachment.objects.filter(owner=owner_id).aggregate(sum=Sum("size"))["sum"] or 0
    mine = Conversation.with_deleted.filter(owner=owner_id)
    imported: int = mine.aggregate(sum=Sum("imported_bytes"))["sum"] or 0
    return files + imported + Share.objects.of(owner_id).not_ended().stored_bytes()


def check_taken(taken: int, size: int) -> None:
    """Has a user who has `taken` bytes here room for so many more? Raises TooLong."""
    limit = settings.CHAT_STORAGE_PER_USER
    if limit and taken + size > limit:
        sentence = _(
            "There is no room for this: your files, what you have imported and what your links show take %(taken)s "
            "of the %(limit)s bytes that are yours here. Delete some of these conversations, or revoke some links."
        )
        raise TooLong(sentence, values={"taken": taken, "limit": limit})
