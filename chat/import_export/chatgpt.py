"""A conversation of ChatGPT's export (`conversations.json`) as a document. Pure.

The file is an array of conversations. Each has a `mapping` of nodes, `{"id", "message", "parent", "children"}`, and
the `current_node` on show. What a message says depends on the `content_type` of its `content`: `text` and
`multimodal_text` have `parts`, which are texts, or objects such as an `audio_transcription` (what was said in a voice
conversation) and pointers to pictures, which are not in the file; `thoughts` are the model's reasoning, and its
`reasoning_recap` says how long that took. What a tool is told (`recipient`) or says is not for its reader.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, FailFast, ValidationError

from chat.core.endings import Status
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
    milliseconds,
    moment,
    said,
    text,
    uuid_of,
)


class _Author(BaseModel):
    role: str


class _Content(BaseModel):
    content_type: str = "text"
    parts: list[Any] = []
    text: str | None = None
    content: Any = None
    thoughts: Any = None


class _Message(BaseModel):
    author: _Author
    create_time: Moment = None
    content: _Content | None = None
    metadata: dict[str, Any] | None = None
    recipient: str | None = None
    status: str | None = None


class _Node(BaseModel):
    message: _Message | None = None
    parent: str | None = None
    children: Annotated[list[str], FailFast()] = []


class _Conversation(BaseModel):
    title: str | None = None
    create_time: Moment = None
    update_time: Moment = None
    mapping: dict[str, Any]
    """Nodes by their names. Each is checked by itself, up to the first that is none: FailFast is for lists alone."""
    current_node: str | None = None
    conversation_id: str | None = None
    id: str | None = None
    is_archived: bool | None = None


def read_chatgpt(data: Any) -> SavedConversation:
    """`data` (parsed JSON) as a conversation. Raises BadInput."""
    try:
        theirs = _Conversation.model_validate(data)
        nodes = {name: _Node.model_validate(node) for name, node in theirs.mapping.items()}
    except ValidationError as exc:
        raise BadInput(_("This is not a conversation of ChatGPT's export.")) from exc
    known = [node.message.create_time for node in nodes.values() if node.message and node.message.create_time]
    began = theirs.create_time or min(known, default=moment(0))
    return conversation(
        uuid_of(theirs.conversation_id or theirs.id or repr(sorted(theirs.mapping))),
        _tree(nodes),
        theirs.current_node,
        title=theirs.title,
        began=began,
        model="ChatGPT",
        updated_at=theirs.update_time or began,
        is_archived=bool(theirs.is_archived),
    )


def _tree(nodes: dict[str, _Node]) -> Tree:
    """Alternatives stand in the order of `children`. Raises BadInput."""
    children = {name: [child for child in node.children if child in nodes] for name, node in nodes.items()}
    listed = [child for names in children.values() for child in names]
    below = set(listed)
    if len(below) < len(listed):
        raise BadInput(_("The file is damaged: a message follows itself."))
    roots = list[str]()
    for name, node in nodes.items():
        if name not in below:
            children.get(node.parent or "", roots).append(name)
    return Tree({name: _node(node.message) for name, node in nodes.items()}, children, roots)


def _node(message: _Message | None) -> Node:
    if not message or not message.content or message.author.role not in ("user", "assistant"):
        return Node()
    metadata = message.metadata or {}
    if metadata.get("is_visually_hidden_from_conversation") or message.recipient not in (None, "all"):
        return Node()
    if message.author.role == "user":
        words = _words(message.content) or "\n".join(_names(message.content, metadata))
        return Node("user", said((TEXT, storable(words))), message.create_time)
    details = metadata.get("finish_details")
    reason = text(details.get("type")) if isinstance(details, dict) else ""
    return Node(
        "assistant",
        said((REASONING, storable(_thoughts(message.content))), (TEXT, storable(_words(message.content)))),
        message.create_time,
        model=text(metadata.get("model_slug")),
        status=Status.INTERRUPTED if message.status == "in_progress" else ending(reason),
        finish_reason=reason or "stop",
        reasoning_ms=milliseconds(metadata.get("finished_duration_sec")),
    )


def _words(content: _Content) -> str:
    """What is said aloud."""
    if content.content_type == "code":
        return f"```\n{content.text}\n```" if content.text else ""
    if content.content_type in ("text", "multimodal_text"):
        return "\n\n".join(part for part in map(_part, content.parts) if part)
    return ""


def _part(part: Any) -> str:
    if isinstance(part, dict):
        return text(part.get("text")) if part.get("content_type") == "audio_transcription" else ""
    return text(part)


def _names(content: _Content, metadata: dict[str, Any]) -> Iterator[str]:
    """In the place of words: what a question consists of that is not in the file."""
    attached = metadata.get("attachments")
    names = (
        [text(each.get("name")) for each in attached if isinstance(each, dict)] if isinstance(attached, list) else []
    )
    if any(isinstance(part, dict) and part.get("content_type") == "image_asset_pointer" for part in content.parts):
        names = names or ["image"]
    return (f"[{name}]" for name in names if name)


def _thoughts(content: _Content) -> str:
    if content.content_type == "reasoning_recap":
        return text(content.content)
    if content.content_type != "thoughts" or not isinstance(content.thoughts, list):
        return ""
    thoughts = [each for each in content.thoughts if isinstance(each, dict)]
    return "\n\n".join(filter(None, map(_thought, thoughts)))


def _thought(thought: dict[str, Any]) -> str:
    """Its headline, and what it says."""
    headline, said = text(thought.get("summary")).strip(), text(thought.get("content")).strip()
    return "\n\n".join(filter(None, [f"**{headline}**" if headline else "", said]))
