"""The tables: the row in the database is the truth."""

from chat.models.account_erasure import AccountErasure
from chat.models.attachment import Attachment, AttachmentContent, MessageAttachment
from chat.models.conversation import Conversation
from chat.models.feedback import Feedback
from chat.models.generation import Generation
from chat.models.imports import Import
from chat.models.mcp import McpServer, McpTool
from chat.models.message import Message, MessagePart
from chat.models.note import ProcessNote
from chat.models.preferences import Preferences
from chat.models.price import ModelPrice
from chat.models.prompt import Prompt
from chat.models.quota import Quota, QuotaGrant, Reservation
from chat.models.reading import Reading, ReadingContext, SearchedWords
from chat.models.rights import ModelAccess, Restriction
from chat.models.search_index import SearchEntry
from chat.models.share import Share, ShareSection
from chat.models.throttle import ThrottleEntry
from chat.models.tool_call import ToolCall
from chat.models.usage import DailyUsage, UsageEntry

__all__ = [
    "AccountErasure",
    "Attachment",
    "AttachmentContent",
    "Conversation",
    "DailyUsage",
    "Feedback",
    "Generation",
    "Import",
    "McpServer",
    "McpTool",
    "Message",
    "MessageAttachment",
    "MessagePart",
    "ModelAccess",
    "ModelPrice",
    "Preferences",
    "ProcessNote",
    "Prompt",
    "Quota",
    "QuotaGrant",
    "Reading",
    "ReadingContext",
    "Reservation",
    "Restriction",
    "SearchEntry",
    "SearchedWords",
    "Share",
    "ShareSection",
    "ThrottleEntry",
    "ToolCall",
    "UsageEntry",
]
