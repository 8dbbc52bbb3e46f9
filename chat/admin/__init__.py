"""What staff see: conversations and their transcripts, read-only, and the log of who has read them.

Nothing here changes what the project's own administration has: its users are the project's to register, by
`chat.admin.EraseWithOwner` if it likes.
"""

from chat.admin import django_log
from chat.admin.audit import AuditEntryAdmin
from chat.admin.certificates import CertificateAdmin
from chat.admin.conversations import ConversationAdmin
from chat.admin.deletion import EraseWithOwner
from chat.admin.feedback import FeedbackAdmin
from chat.admin.holds import HoldAdmin
from chat.admin.lookups import OfferedLookups
from chat.admin.mcp import McpServerAdmin, McpToolAdmin
from chat.admin.noted import Noted
from chat.admin.notice import NoticeAcceptanceAdmin
from chat.admin.prices import ModelPriceAdmin
from chat.admin.prompts import PromptAdmin
from chat.admin.quotas import QuotaAdmin, QuotaGrantAdmin
from chat.admin.readings import ReadingAdmin
from chat.admin.retention import GroupRetentionAdmin
from chat.admin.rights import ModelAccessAdmin, RestrictionAdmin
from chat.admin.tool_calls import ToolCallAdmin
from chat.admin.usage import UsageAdmin

__all__ = [
    "AuditEntryAdmin",
    "CertificateAdmin",
    "ConversationAdmin",
    "EraseWithOwner",
    "FeedbackAdmin",
    "GroupRetentionAdmin",
    "HoldAdmin",
    "McpServerAdmin",
    "McpToolAdmin",
    "ModelAccessAdmin",
    "ModelPriceAdmin",
    "Noted",
    "NoticeAcceptanceAdmin",
    "OfferedLookups",
    "PromptAdmin",
    "QuotaAdmin",
    "QuotaGrantAdmin",
    "ReadingAdmin",
    "RestrictionAdmin",
    "ToolCallAdmin",
    "UsageAdmin",
    "django_log",
]
