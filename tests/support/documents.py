"""Documents of conversations, as a whole."""

from collections.abc import Iterator
from typing import IO, Any
from uuid import UUID

from chat.import_export.database import saved_in_steps
from chat.import_export.document import SavedAttachment, SavedConversation, SavedMessage
from chat.import_export.file_reader import Unreadable, all_documents
from chat.import_export.files import json_pieces
from chat.import_export.streamed import Streamed


def saved(owner_id: Any, conversation_id: UUID) -> SavedConversation | None:
    """A conversation of this owner; its attachments lack their contents."""
    if not (steps := saved_in_steps(owner_id, conversation_id)):
        return None
    whole = {"messages": list(steps.messages()), "attachments": list(steps.attachments())}
    return steps.document.model_copy(update=whole)


def streamed(conversation: SavedConversation) -> Streamed:
    files = {attachment.id: attachment for attachment in conversation.attachments}
    return Streamed(
        conversation,
        lambda: conversation.messages,
        lambda: [(message, [files[pk] for pk in message.attachments]) for message in branch_of(conversation)],
        lambda: conversation.attachments,
    )


def branch_of(conversation: SavedConversation) -> list[SavedMessage]:
    """The messages from the root to the current leaf."""
    by_id = {message.id: message for message in conversation.messages}
    path, pk = list[SavedMessage](), conversation.current
    while pk is not None:
        path.append(by_id[pk])
        pk = by_id[pk].parent
    return path[::-1]


def as_it_is(attachment: SavedAttachment) -> SavedAttachment:
    """Of a conversation that has all in it."""
    return attachment


def as_json(conversation: SavedConversation) -> str:
    return "".join(json_pieces(streamed(conversation), as_it_is))


def documents(file: IO[bytes], name: str) -> Iterator[SavedConversation]:
    """Those in a file. Raises what is wrong with the first that cannot be read, or with the file."""
    for found in all_documents(file, name, limit=0):
        if isinstance(found, Unreadable):
            raise found.fault
        yield found
