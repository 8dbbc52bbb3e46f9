"""The tables: the row in the database is the truth."""

from chat.models.attachment import Attachment, AttachmentContent, MessageAttachment
from chat.models.conversation import Conversation
from chat.models.feedback import Feedback
from chat.models.generation import Generation
from chat.models.message import Message, MessagePart
from chat.models.preferences import Preferences
from chat.models.prompt import Prompt
from chat.models.reading import Reading
from chat.models.search_index import SearchEntry
from chat.models.share import Share

__all__ = [
    "Attachment",
    "AttachmentContent",
    "Conversation",
    "Feedback",
    "Generation",
    "Message",
    "MessageAttachment",
    "MessagePart",
    "Preferences",
    "Prompt",
    "Reading",
    "SearchEntry",
    "Share",
]
