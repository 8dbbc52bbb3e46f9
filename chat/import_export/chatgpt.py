"""A conversation of ChatGPT's export (`conversations.json`) as a document. Pure.

The file is an array of conversations. Each has a `mapping` of nodes, `{"id", "message", "parent", "children"}`, and
the `current_node` on show. A node without a message, of a tool, of the hidden system prompt, or without a word that we
can show (a picture) is left out, and what follows it moves up to what it followed.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid5

from pydantic import BaseModel, FailFast, Field, ValidationError

from chat.core.endings import Status
from chat.core.limits import MODEL_CHARACTERS, TITLE_CHARACTERS
from chat.core.reply import TEXT, storable
from chat.errors import BadInput
from chat.i18n import gettext_noop as _
from chat.import_export.document import SavedConversation, SavedGeneration, SavedMessage, SavedPart

NAMESPACE = UUID("6d6e9d3a-5d5c-4a3e-9f5c-7b1f3f0e2c41")
"""For ids that are no uuids: the same file gives the same ids."""


class _Author(BaseModel):
    role: str


class _Content(BaseModel):
    content_type: str = "text"
    parts: list[Any] = []
    text: str | None = None


class _Message(BaseModel):
    author: _Author
    create_time: Annotated[float, Field(ge=0, lt=1e11)] | None = None
    content: _Content | None = None
    metadata: dict[str, Any] | None = None


class _Node(BaseModel):
    message: _Message | None = None
    parent: str | None = None
    children: Annotated[list[str], FailFast()] = []


class _Conversation(BaseModel):
    title: str | None = None
    create_time: Annotated[float, Field(ge=0, lt=1e11)] = 0
    update_time: Annotated[float, Field(ge=0, lt=1e11)] | None = None
    mapping: dict[str, Any]
    """Nodes by their names. Each is checked by itself, up to the first that is none: FailFast is for lists alone."""
    current_node: str | None = None
    conversation_id: str | None = None
    id: str | None = None


def read_chatgpt(data: Any) -> SavedConversation:
    """`data` (parsed JSON) as a conversation. Raises BadInput."""
    try:
        theirs = _Conversation.model_validate(data)
        nodes = {name: _Node.model_validate(node) for name, node in theirs.mapping.items()}
    except ValidationError as exc:
        raise BadInput(_("This is not a conversation of ChatGPT's export.")) from exc
    pk = _uuid(theirs.conversation_id or theirs.id or repr(sorted(theirs.mapping)))
    messages, moved = _messages(nodes, pk, _time(theirs.create_time))
    current = moved.get(theirs.current_node or "") or (messages[-1].id if messages else None)
    began = _time(theirs.create_time)
    return SavedConversation(
        id=pk,
        title=storable(theirs.title or "")[:TITLE_CHARACTERS],
        titled_by="model",
        created_at=began,
        updated_at=_time(theirs.update_time) if theirs.update_time else began,
        current=current,
        messages=messages,
    )


def _messages(nodes: dict[str, _Node], pk: UUID, began: datetime) -> tuple[list[SavedMessage], dict[str, UUID | None]]:
    """Ours, parents first; and which of them stands for each of their nodes: its own, or the last one above it."""
    messages = list[SavedMessage]()
    stands_for: dict[str, UUID | None] = {}
    waiting = [name for name, node in nodes.items() if node.parent not in nodes]
    waiting.reverse()
    while waiting:
        name = waiting.pop()
        if name in stands_for:
            raise BadInput(_("The file is damaged: a message follows itself."))
        node = nodes[name]
        above = stands_for.get(node.parent or "")
        message = _message(node, uuid5(pk, name), above, began)
        if message and (message.role == "user" or above):
            messages.append(message)
            above = message.id
        stands_for[name] = above
        waiting += [child for child in reversed(node.children) if child in nodes]
    return messages, stands_for


def _message(node: _Node, pk: UUID, parent: UUID | None, began: datetime) -> SavedMessage | None:
    message = node.message
    if not message or not message.content or message.author.role not in ("user", "assistant"):
        return None
    parts = _parts(message.content)
    if not parts:
        return None
    at = _time(message.create_time) if message.create_time else began
    if message.author.role == "user":
        return SavedMessage(id=pk, parent=parent, role="user", created_at=at, parts=parts)
    generations = [_generation(message, parts, at)]
    return SavedMessage(id=pk, parent=parent, role="assistant", created_at=at, parts=parts, generations=generations)


def _generation(message: _Message, parts: list[SavedPart], at: datetime) -> SavedGeneration:
    model = (message.metadata or {}).get("model_slug")
    return SavedGeneration(
        model=storable(model)[:MODEL_CHARACTERS] if isinstance(model, str) and model else "ChatGPT",
        status=Status.COMPLETE,
        begins_at=0,
        ends_at=sum(len(part.text) for part in parts),
        created_at=at,
        ended_at=at,
        finish_reason="stop",
    )


def _parts(content: _Content) -> list[SavedPart]:
    if content.content_type == "code":
        text = f"```\n{content.text}\n```" if content.text else ""
    elif content.content_type in ("text", "multimodal_text"):
        text = "\n\n".join(part for part in content.parts if isinstance(part, str))
    else:
        text = ""
    return [SavedPart(kind=TEXT, text=text)] if text.strip() else []


def _uuid(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        return uuid5(NAMESPACE, name)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
