"""The tables: the row in the database is the truth."""

from chat.models.account_erasure import AccountErasure
from chat.models.attachment import Attachment, AttachmentContent, MessageAttachment
from chat.models.audit_entry import AuditEntry, AuditLink, AuditMark, UnchainedEntry
from chat.models.certificate import Certificate
from chat.models.conversation import Conversation
from chat.models.feedback import Feedback
from chat.models.generation import Generation
from chat.models.hold import Hold
from chat.models.imports import Import
from chat.models.mcp import McpServer, McpTool
from chat.models.message import Message
from chat.models.message_part import MessagePart
from chat.models.note import ProcessNote
from chat.models.notice import NoticeAcceptance
from chat.models.preferences import Preferences
from chat.models.price import ModelPrice
from chat.models.prompt import Prompt
from chat.models.quota import Quota, QuotaGrant
from chat.models.reading import Reading, ReadingContext, SearchedWords
from chat.models.retention import GroupRetention
from chat.models.rights import ModelAccess, Restriction
from chat.models.search_index import SearchEntry
from chat.models.share import Share, ShareSection
from chat.models.throttle import ThrottleEntry
from chat.models.tool_call import ToolCall
from chat.models.usage import DailyUsage, UsageEntry
from chat.models.usage_totals import DayTotal, MonthTotal, TotalsMark

__all__ = [
    "AccountErasure",
    "Attachment",
    "AttachmentContent",
    "AuditEntry",
    "AuditLink",
    "AuditMark",
    "Certificate",
    "Conversation",
    "DailyUsage",
    "DayTotal",
    "Feedback",
    "Generation",
    "GroupRetention",
    "Hold",
    "Import",
    "McpServer",
    "McpTool",
    "Message",
    "MessageAttachment",
    "MessagePart",
    "ModelAccess",
    "ModelPrice",
    "MonthTotal",
    "NoticeAcceptance",
    "Preferences",
    "ProcessNote",
    "Prompt",
    "Quota",
    "QuotaGrant",
    "Reading",
    "ReadingContext",
    "Restriction",
    "SearchEntry",
    "SearchedWords",
    "Share",
    "ShareSection",
    "ThrottleEntry",
    "ToolCall",
    "TotalsMark",
    "UnchainedEntry",
    "UsageEntry",
]
