"""Images in what a tool gives: inspected as uploads are, and kept for the user as files of the answer that called it.

The model is told of them in words alone. One that cannot be kept is named with what is wrong with it.
"""

import logging
from dataclasses import replace
from io import BytesIO
from uuid import UUID, uuid4

from django.db import transaction

from chat.attachments import sandbox
from chat.attachments.inspection import Inspected
from chat.attachments.uploads import check_size, check_storage, limits, store
from chat.conf import settings
from chat.core.limits import IMAGES_PER_CALL
from chat.errors import ChatError, NotFound, TooMany, Unsupported
from chat.failures import log_failure
from chat.models import Attachment, Message, MessageAttachment
from chat.models.locks import lock_owner
from chat.models.threads import write_in_database
from chat.models.users import UserId
from chat.tools.base import Context, Returned

logger = logging.getLogger(__name__)

NOT_KEPT = "It could not be stored."


async def keep_images(returned: Returned, context: Context, tool: str) -> Returned:
    """With its images stored, and a line for each that is not. `tool`: the name by which they are called."""
    kept, lines = list[UUID](), [returned.content]
    for number, data in enumerate(returned.images, 1):
        try:
            kept.append(await _kept(data, f"{tool} {number}", number, context))
        except ChatError as exc:
            lines.append(f"[Image {number} is not shown to the user. {exc.message}]")
        except Exception as exc:
            log_failure(logger, exc, "an image of call %s could not be stored", context.call_id)
            lines.append(f"[Image {number} is not shown to the user. {NOT_KEPT}]")
    return replace(returned, content="\n\n".join(lines), images=(), attachments=tuple(kept))


async def _kept(data: bytes, name: str, number: int, context: Context) -> UUID:
    """Raises a ChatError with a sentence, for the model."""
    if not settings.CHAT_ATTACHMENTS or not context.message_id:
        raise Unsupported("No files are kept on this site.")
    if number > IMAGES_PER_CALL:
        raise TooMany("Of one result %(limit)s images are kept.", values={"limit": IMAGES_PER_CALL})
    check_size(len(data))
    found = await sandbox.inspect(context.user.pk, BytesIO(data), limits())
    if found.kind != Attachment.Kind.IMAGE:
        raise Unsupported("It is no image.")
    return await write_in_database(_store, context.user.pk, context.message_id, name, found)


@transaction.atomic
def _store(owner_id: UserId, message_id: UUID, name: str, found: Inspected) -> UUID:
    """Raises TooLong if the user has no room for it, NotFound if the conversation is gone."""
    lock_owner(owner_id)
    message = Message.objects.of(owner_id).filter(pk=message_id).first()
    if not message:
        raise NotFound
    check_storage(owner_id, len(found.data))
    image = store(owner_id, uuid4(), name, found, conversation_id=message.conversation_id)
    number = message.attached.count() + 1
    MessageAttachment.objects.create(message=message, attachment=image, number=number)
    return image.pk
