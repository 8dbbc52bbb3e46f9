"""Documents of conversations, as a whole."""

from collections.abc import Iterator
from typing import IO, Any
from uuid import UUID

from chat.import_export.database import saved_in_steps
from chat.import_export.document import SavedConversation
from chat.import_export.file_reader import Unreadable, all_documents
from chat.import_export.files import json_pieces


def saved(owner_id: Any, conversation_id: UUID) -> SavedConversation | None:
    """A conversation of this owner; its attachments lack their contents."""
    if not (steps := saved_in_steps(owner_id, conversation_id)):
        return None
    whole = {"messages": list(steps.messages()), "attachments": list(steps.attachments())}
    return steps.document.model_copy(update=whole)


def as_json(conversation: SavedConversation) -> str:
    return "".join(json_pieces(conversation))


def documents(file: IO[bytes], name: str) -> Iterator[SavedConversation]:
    """Those in a file. Raises what is wrong with the first that cannot be read, or with the file."""
    for found in all_documents(file, name, limit=0):
        if isinstance(found, Unreadable):
            raise found.fault
        yield found
