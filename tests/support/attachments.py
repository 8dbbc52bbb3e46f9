"""Attachments that are written straight into the database, as an upload would leave them."""

import io
from typing import Any

from PIL import Image

from chat.models import Attachment, AttachmentContent, Message, MessageAttachment


def png(width: int = 3, height: int = 2, color: tuple[int, int, int] = (200, 30, 60)) -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (width, height), color).save(sink, "PNG")
    return sink.getvalue()


def attach(message: Message, name: str, data: bytes, *, text: str | None = None, **fields: Any) -> Attachment:
    """A file of this message's, after those that it has: a text, unless `fields` say otherwise."""
    owner_id = message.conversation.owner_id
    attachment = stored_attachment(owner_id, name, data, text=text, conversation=message.conversation, **fields)
    MessageAttachment.objects.create(message=message, attachment=attachment, number=message.attached.count() + 1)
    return attachment


def attach_image(message: Message, name: str, **fields: Any) -> Attachment:
    seen = {"kind": "image", "media_type": "image/png", "width": 3, "height": 2}
    return attach(message, name, png(), text="", thumbnail=png(1, 1), **(seen | fields))


def stored_attachment(
    owner_id: int, name: str, data: bytes, *, text: str | None = None, thumbnail: bytes = b"", **fields: Any
) -> Attachment:
    """Not sent yet, unless `fields` name a conversation."""
    text = data.decode() if text is None else text
    known = {"kind": "text", "media_type": "text/plain", "size": len(data), "characters": len(text)}
    attachment = Attachment.objects.create(owner_id=owner_id, name=name, **(known | fields))
    AttachmentContent.objects.create(attachment=attachment, data=data, thumbnail=thumbnail, text=text)
    return attachment
