"""What a person has made here, as the chat has it."""

from collections.abc import Iterator
from typing import Any

from chat.i18n import gettext_noop as _
from chat.import_export.subject.paths import attachment_path, conversation_path
from chat.import_export.subject.sections import File, Row, Section, in_steps, register
from chat.models import Attachment, Conversation, Feedback, Import, Preferences, Prompt, Share, ToolCall

CONVERSATION = _("Conversation")
TIME = _("Time")


def conversations_of(user: Any) -> Iterator[Conversation]:
    """Oldest first, temporary ones too. What is deleted is on its way out, and not among them."""
    return in_steps(Conversation.objects.owned_by(user), "created_at")


def attachments_of(user: Any) -> Iterator[Attachment]:
    """Also those that no question bears yet."""
    return in_steps(Attachment.objects.of(user.pk), "created_at")


def _conversations(user: Any) -> Iterator[Row]:
    for row in conversations_of(user):
        yield {
            "page": File(conversation_path(row, "html"), row.name),
            "title": row.title,
            "id": row.pk,
            "created": row.created_at,
            "changed": row.updated_at,
            "temporary": row.is_temporary,
            "archived": row.is_archived,
        }


def _attachments(user: Any) -> Iterator[Row]:
    for row in attachments_of(user):
        yield {
            "file": File(attachment_path(row), row.name),
            "name": row.name,
            "type": row.media_type,
            "bytes": row.size,
            "added": row.created_at,
            "conversation": row.conversation_id,
        }


def _settings(user: Any) -> Iterator[Row]:
    for row in Preferences.objects.filter(user=user.pk):
        yield {"system_prompt": row.system_prompt, "temperature": row.temperature, "max_tokens": row.max_tokens}


def _prompts(user: Any) -> Iterator[Row]:
    for row in in_steps(Prompt.objects.filter(owner=user.pk)):
        yield {"name": row.name, "text": row.text}


def _feedback(user: Any) -> Iterator[Row]:
    mine = Feedback.objects.filter(message__conversation__owner=user.pk, message__conversation__deleted_at=None)
    for row in in_steps(mine.select_related("message")):
        yield {
            "value": row.value,
            "comment": row.comment,
            "given": row.created_at,
            "changed": row.updated_at,
            "conversation": row.message.conversation_id,
            "message": row.message_id,
        }


def _links(user: Any) -> Iterator[Row]:
    mine = Share.objects.of(user.pk).filter(conversation__deleted_at=None).defer("snapshot")
    for row in in_steps(mine):
        yield {
            "address": row.get_absolute_url(),
            "title": row.title,
            "readers": str(row.readers),
            "created": row.created_at,
            "ends": row.expires_at,
            "conversation": row.conversation_id,
        }


def _calls(user: Any) -> Iterator[Row]:
    for row in in_steps(ToolCall.objects.owned_by(user).select_related("message")):
        yield {
            "tool": row.name,
            "server": row.server,
            "status": row.status,
            "at": row.created_at,
            "answer": row.answer,
            "decided": row.decided_at,
            "conversation": row.message.conversation_id,
        }


def _imports(user: Any) -> Iterator[Row]:
    for row in in_steps(Import.objects.of(user.pk)):
        yield {"at": row.began_at, "status": row.status, "conversations": row.conversations}


register(
    Section(
        "contents",
        _("Conversations"),
        _conversations,
        {
            "page": _("Title"),
            "created": _("Begun"),
            "changed": _("Last changed"),
            "temporary": _("Temporary"),
            "archived": _("Archived"),
            "id": _("Id"),
        },
        _("Each is a page, and beside it JSON with all its branches and files, which this site can read again."),
        ("chat.Conversation", "chat.Message", "chat.MessagePart", "chat.MessageAttachment", "chat.Generation"),
    ),
    Section(
        "files",
        _("Files"),
        _attachments,
        {
            "file": _("File"),
            "name": _("Name"),
            "type": _("Type"),
            "bytes": _("Bytes"),
            "added": _("Added"),
            "conversation": CONVERSATION,
        },
        _("As they are stored: of an image without what its camera had noted in it."),
        ("chat.Attachment", "chat.AttachmentContent"),
    ),
    Section(
        "settings",
        _("Settings"),
        _settings,
        {
            "system_prompt": _("Instructions"),
            "temperature": _("Temperature"),
            "max_tokens": _("Longest answer in tokens"),
        },
        _("What your new conversations begin with."),
        ("chat.Preferences",),
    ),
    Section("prompts", _("Prompts"), _prompts, {"name": _("Name"), "text": _("Text")}, tables=("chat.Prompt",)),
    Section(
        "feedback",
        _("Feedback"),
        _feedback,
        {
            "value": _("Good or bad"),
            "comment": _("Comment"),
            "given": _("Given"),
            "changed": _("Last changed"),
            "conversation": CONVERSATION,
            "message": _("Message"),
        },
        tables=("chat.Feedback",),
    ),
    Section(
        "links",
        _("Shared links"),
        _links,
        {
            "title": _("Title"),
            "address": _("Address"),
            "readers": _("Readers"),
            "created": _("Made"),
            "ends": _("Until"),
            "conversation": CONVERSATION,
        },
        _("What they show stands in the conversations."),
        ("chat.Share", "chat.ShareSection"),
    ),
    Section(
        "tools",
        _("Calls of tools"),
        _calls,
        {
            "tool": _("Tool"),
            "server": _("Server"),
            "status": _("Outcome"),
            "at": TIME,
            "answer": _("Your answer"),
            "decided": _("Answered"),
            "conversation": CONVERSATION,
        },
        _("What they were called for, and what they gave, stands in the conversations."),
        ("chat.ToolCall",),
    ),
    Section(
        "imports",
        _("Imports"),
        _imports,
        {"at": TIME, "status": _("Outcome"), "conversations": _("Conversations")},
        tables=("chat.Import",),
    ),
)
