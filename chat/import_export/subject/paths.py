"""Where what lies in the zip: told from a row, or from what is saved of one in a document."""

from typing import Any

from django.utils.text import slugify

from chat.import_export.document import SavedConversation
from chat.import_export.files import entry_name

EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}
"""By what a file is, whatever it was called: a page or a program that somebody attached as a text opens as a text."""
OFFICE = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp")


def attachment_path(attachment: Any) -> str:
    stem, dot, end = attachment.name.rpartition(".")
    words = slugify(stem if dot else end)[:40].strip("-") or "file"
    return f"files/{words}-{attachment.id}{_extension(attachment.media_type, f'.{end.lower()}')}"


def _extension(media_type: str, called: str) -> str:
    return EXTENSIONS.get(media_type) or (called if called in OFFICE else ".bin")


def conversation_path(conversation: Any, extension: str) -> str:
    known = {"id": conversation.id, "title": conversation.title, "created_at": conversation.created_at}
    return entry_name(SavedConversation.model_construct(**known)) + extension
