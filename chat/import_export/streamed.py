"""A conversation that is written to a file while it is read: never more of it is in memory than a few messages."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chat.import_export.document import SavedAttachment, SavedConversation, SavedMessage

Said = tuple[SavedMessage, list[SavedAttachment]]
"""A message with what is attached to it."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """`document` has neither messages nor attachments; these are read when they are asked for."""

    document: SavedConversation
    messages: Callable[[], Iterable[SavedMessage]]
    branch: Callable[[], Iterable[Said]]
    """The one on show."""
    attachments: Callable[[], Iterable[SavedAttachment]]
