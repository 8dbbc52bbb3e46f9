"""The files that an import brings: found to be what they are, and stored before the conversations that bear them.

Inspecting a file takes its time, and writing a large one keeps others waiting. So neither is done in the transaction
that stores conversations: each file is stored by itself and belongs to none of them, as one that was uploaded and is
not sent yet. If the import fails they are erased; if its process dies, chat/retention/expiry.py does it after a day.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO
from uuid import UUID, uuid4, uuid5

from django.db import IntegrityError, transaction

from chat.attachments.inspection import Inspected, Limits
from chat.attachments.uploads import check_size, check_storage, clean_name, limits, store
from chat.conf import settings
from chat.errors import BadInput, ChatError, Forbidden, TooLong, Unsupported
from chat.i18n import Say
from chat.i18n import gettext_noop as _
from chat.import_export.document import SavedAttachment, SavedConversation
from chat.models import Attachment
from chat.models.users import UserId
from chat.retention.erasure import erase_files

Inspect = Callable[[IO[bytes], Limits], Inspected]
"""Says what a file is. Raises Unsupported or TooLong."""


class BadAttachment(BadInput):
    """A file of a conversation cannot be taken, and which it is."""

    sentence = _("%(name)s, attached in “%(title)s”: %(fault)s")

    def __init__(self, name: str, title: str, fault: ChatError) -> None:
        self._name, self._title, self._fault = name, title, fault
        super().__init__()

    def said(self, say: Say) -> str:
        return say(self.sentence, {"name": self._name, "title": self._title, "fault": self._fault.said(say)})


def inspected(document: SavedConversation, inspect: Inspect) -> Iterator[tuple[SavedAttachment, Inspected]]:
    """The attachments of a document, each with what is found in it. Raises BadAttachment."""
    for attachment in document.attachments:
        try:
            found = _inspected(attachment, inspect)
        except (Forbidden, TooLong, Unsupported) as fault:
            raise BadAttachment(clean_name(attachment.name), document.title, fault) from fault
        yield attachment, found


def _inspected(attachment: SavedAttachment, inspect: Inspect) -> Inspected:
    if not settings.CHAT_ATTACHMENTS:
        raise Forbidden(_("No files can be attached on this site."))
    check_size(len(attachment.data))
    return inspect(io.BytesIO(attachment.data), limits())


class ImportedFiles:
    """What one import has stored, until conversations take it up."""

    def __init__(self, owner_id: UserId, inspect: Inspect) -> None:
        self._owner_id = owner_id
        self._inspect = inspect
        self.names = dict[tuple[UUID, UUID], UUID]()
        """As chat/import_export/database.py wants them."""

    def store(self, document: SavedConversation, place: UUID) -> None:
        """All files of a document, which becomes the conversation `place`. Raises BadAttachment or TooLong."""
        for attachment, found in inspected(document, self._inspect):
            check_storage(self._owner_id, len(found.data))
            self.names[document.id, attachment.id] = self._stored(attachment, found, place)

    def erase_rest(self) -> None:
        """What no conversation has taken up: all of it, if the import has failed."""
        erase_files(Attachment.objects.filter(owner=self._owner_id, pk__in=self.names.values()))

    def _stored(self, attachment: SavedAttachment, found: Inspected, place: UUID) -> UUID:
        """By its own id; where that is taken by one that follows from it, or by any."""
        for pk in (attachment.id, uuid5(place, str(attachment.id))):
            with suppress(IntegrityError), transaction.atomic():
                return store(self._owner_id, pk, attachment.name, found).pk
        with transaction.atomic():
            return store(self._owner_id, uuid4(), attachment.name, found).pk
