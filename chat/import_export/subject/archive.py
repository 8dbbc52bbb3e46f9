"""The zip, made while it is sent."""

from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from chat.i18n import Say
from chat.import_export.database import saved_in_steps, with_content
from chat.import_export.files import json_pieces
from chat.import_export.subject import pages
from chat.import_export.subject.content import attachments_of, conversations_of
from chat.import_export.subject.paths import attachment_path, conversation_path
from chat.import_export.subject.sections import SECTIONS, Section
from chat.import_export.zip_stream import ZipStream
from chat.models import Attachment, AttachmentContent, Conversation

_encoder = DjangoJSONEncoder(ensure_ascii=False, indent=1)


def subject_zip(user: Any, say: Say, language: str) -> Iterator[bytes]:
    """All that the site has of this user, in pieces, `say` saying our own words. What is erased meanwhile is not in
    it.

    The pieces may be asked for in several threads, one after the other.
    """
    archive, counts = ZipStream(), dict[str, int]()
    for section in list(SECTIONS.values()):
        counts[section.name] = 0
        yield from archive.entry(f"{section.name}.json", _json(section, user, counts))
        yield from archive.entry(
            f"{section.name}.html", pages.section_pieces(section, section.rows(user), say, language)
        )
    for conversation in conversations_of(user):
        yield from _conversation(archive, conversation, say, language)
    for attachment in attachments_of(user):
        yield from archive.entry(attachment_path(attachment), _content(attachment))
    index = pages.index_pieces(user.get_username(), timezone.now(), counts, say, language)
    yield from archive.entry("index.html", index)
    yield archive.close()


def _json(section: Section, user: Any, counts: dict[str, int]) -> Iterator[str]:
    """An array, a row at a time."""
    yield "["
    for row in section.rows(user):
        yield (",\n" if counts[section.name] else "\n") + _encoder.encode(dict(row))
        counts[section.name] += 1
    yield "\n]\n"


def _conversation(archive: ZipStream, row: Conversation, say: Say, language: str) -> Iterator[bytes]:
    """Twice: as a page, and as JSON with its files, which an import can read."""
    if saved := saved_in_steps(row.owner_id, row.pk):
        page = pages.conversation_pieces(saved, say, language)
        yield from archive.entry(conversation_path(row, "html"), page)
        yield from archive.entry(conversation_path(row, "json"), json_pieces(saved, with_content))


def _content(attachment: Attachment) -> Iterator[bytes]:
    """As long as it is there."""
    begin = 0
    while piece := AttachmentContent.piece(attachment.pk, begin):
        yield piece
        begin += len(piece)
