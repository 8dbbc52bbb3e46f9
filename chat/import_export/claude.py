"""A conversation of Claude's export (`conversations.json` of claude.ai) as a document. Pure.

The file is an array of conversations, `{"uuid", "name", "created_at", "updated_at", "chat_messages"}`. A message has a
`sender` (`human` or `assistant`) and `content`, blocks such as `text`, `thinking`, `tool_use` and `tool_result`; older
ones have nothing but their `text`. It follows the message that its `parent_message_uuid` names; in older exports there
is none, and each follows the one before. Of an attached file the text is in the message (`extracted_content`), or
nothing but its name.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, FailFast, ValidationError

from chat.core.reply import REASONING, TEXT, storable
from chat.errors import BadInput
from chat.i18n import gettext_noop as _
from chat.import_export.document import SavedConversation
from chat.import_export.foreign import (
    Moment,
    Node,
    Tree,
    conversation,
    ending,
    fenced,
    said,
    text,
    uuid_of,
)

T = TypeVar("T")
Each = Annotated[list[T], FailFast(), BeforeValidator(lambda given: [] if given is None else given)]
"""Checked up to the first fault. Null is none of them."""


class _File(BaseModel):
    file_name: str | None = None
    extracted_content: str | None = None


class _Block(BaseModel):
    type: str
    text: str | None = None
    thinking: str | None = None


class _Message(BaseModel):
    uuid: str
    sender: Literal["human", "assistant"]
    text: str | None = None
    content: Each[_Block] = []
    created_at: Moment = None
    parent_message_uuid: str | None = None
    attachments: Each[_File] = []
    files: Each[_File] = []
    stop_reason: str | None = None


class _Conversation(BaseModel):
    uuid: str
    name: str | None = None
    created_at: Moment = None
    updated_at: Moment = None
    chat_messages: Annotated[list[_Message], FailFast()]
    current_leaf_message_uuid: str | None = None
    model: str | None = None
    is_starred: bool | None = None


def read_claude(data: Any) -> SavedConversation:
    """`data` (parsed JSON) as a conversation. Raises BadInput."""
    try:
        theirs = _Conversation.model_validate(data)
    except ValidationError as exc:
        raise BadInput(_("This is not a conversation of Claude's export.")) from exc
    messages = theirs.chat_messages
    parents = dict[str, str | None]()
    for number, message in enumerate(messages):
        above = messages[number - 1].uuid if number else None
        parents[message.uuid] = message.parent_message_uuid or above
    if len(parents) < len(messages):
        raise BadInput(_("The file is damaged: two messages have the same id."))
    known = [at for at in (theirs.created_at, *(message.created_at for message in messages)) if at]
    if not known:
        raise BadInput(_("This is not a conversation of Claude's export."))
    return conversation(
        uuid_of(theirs.uuid),
        Tree.of({message.uuid: _node(message) for message in messages}, parents),
        theirs.current_leaf_message_uuid,
        title=theirs.name,
        began=known[0],
        model=theirs.model or "Claude",
        updated_at=theirs.updated_at or max(known),
        is_pinned=bool(theirs.is_starred),
    )


def _node(message: _Message) -> Node:
    if message.sender == "human":
        words = "\n\n".join(filter(None, [_words(message), *map(_attached, _files(message))]))
        return Node("user", said((TEXT, storable(words))), message.created_at)
    reason = message.stop_reason or ""
    return Node(
        "assistant",
        said(*_blocks(message)),
        message.created_at,
        status=ending(reason),
        finish_reason=reason or "stop",
    )


def _blocks(message: _Message) -> list[tuple[str, str]]:
    """What is thought and what is said, in order."""
    spoken = [_spoken(block) for block in message.content]
    return [each for each in spoken if each[1].strip()] or [(TEXT, storable(message.text or ""))]


def _spoken(block: _Block) -> tuple[str, str]:
    if block.type == "thinking":
        return REASONING, storable(text(block.thinking))
    return TEXT, storable(text(block.text)) if block.type == "text" else ""


def _words(message: _Message) -> str:
    return "\n\n".join(said for kind, said in _blocks(message) if kind == TEXT and said.strip())


def _files(message: _Message) -> list[_File]:
    """Once each: what has its text among the attachments may be among the files, too."""
    names = {file.file_name for file in message.attachments}
    return [*message.attachments, *(file for file in message.files if file.file_name not in names)]


def _attached(file: _File) -> str:
    name = f"[{file.file_name or 'file'}]"
    return f"{name}\n\n{fenced(file.extracted_content)}" if file.extracted_content else name
