"""A conversation that LibreChat has exported as JSON, as a document. Pure.

One object: `conversationId`, `title`, `options` (what was asked of the model) and `messages` or `messagesTree`. A
message names the one that it follows (`parentMessageId`) or, in a recursive export, has those that follow it as its
`children`. It has a `text`, or `content` in parts: `text`, `think`, `tool_call`, `error`. Older texts begin with the
reasoning, between `:::thinking` and `:::`.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

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
    count,
    ending,
    feedback,
    options,
    said,
    text,
    uuid_of,
)

CAMEL = ConfigDict(alias_generator=to_camel)
RATINGS = {"thumbsUp": True, "thumbsDown": False}
THINKING, THOUGHT = ":::thinking", ":::"


class _Message(BaseModel):
    model_config = CAMEL

    message_id: str
    parent_message_id: str | None = None
    is_created_by_user: bool
    text: str | None = None
    content: Any = None
    model: str | None = None
    created_at: Moment = None
    error: bool | None = None
    unfinished: bool | None = None
    finish_reason: Annotated[str | None, Field(alias="finish_reason")] = None
    token_count: Any = None
    prompt_tokens: Any = None
    feedback: dict[str, Any] | None = None


class _Conversation(BaseModel):
    model_config = CAMEL

    conversation_id: str
    title: str | None = None
    options: dict[str, Any] | None = None
    messages: list[Any] | None = None
    messages_tree: list[Any] | None = None


def read_librechat(data: Any) -> SavedConversation:
    """`data` (parsed JSON) as a conversation. Raises BadInput."""
    try:
        theirs = _Conversation.model_validate(data)
        messages, parents = _messages(theirs.messages_tree or theirs.messages or [])
    except ValidationError as exc:
        raise BadInput(_("This is not a conversation that LibreChat has exported.")) from exc
    known = [message.created_at for message in messages.values() if message.created_at]
    if not known:
        raise BadInput(_("This is not a conversation that LibreChat has exported."))
    asked = theirs.options or {}
    return conversation(
        uuid_of(theirs.conversation_id),
        Tree.of({name: _node(message) for name, message in messages.items()}, parents),
        _last(messages),
        title=theirs.title,
        began=min(known),
        model=text(asked.get("model")) or "LibreChat",
        updated_at=max(known),
        **options(
            asked.get("promptPrefix") or asked.get("system"),
            asked.get("temperature"),
            asked.get("max_tokens") or asked.get("maxOutputTokens"),
        ),
    )


def _messages(given: list[Any]) -> tuple[dict[str, _Message], dict[str, str | None]]:
    """By their ids, and which each follows. Those of a tree lie within each other, as deep as it is long."""
    messages, parents = dict[str, _Message](), dict[str, str | None]()
    waiting = [(each, "") for each in reversed(given)]
    while waiting:
        each, above = waiting.pop()
        message = _Message.model_validate(each)
        if message.message_id in messages:
            raise BadInput(_("The file is damaged: two messages have the same id."))
        messages[message.message_id] = message
        parents[message.message_id] = above or message.parent_message_id
        children = each.get("children") if isinstance(each, dict) else None
        if isinstance(children, list):
            waiting += [(child, message.message_id) for child in reversed(children)]
    return messages, parents


def _last(messages: dict[str, _Message]) -> str | None:
    """Which was on show is not in the file: that which was written last."""
    dated = [(message.created_at, name) for name, message in messages.items() if message.created_at]
    return max(dated)[1] if dated else None


def _node(message: _Message) -> Node:
    spoken = said(*_spoken(message))
    if message.is_created_by_user:
        return Node("user", tuple(part for part in spoken if part.kind == TEXT), message.created_at)
    rating = message.feedback or {}
    return Node(
        "assistant",
        () if message.error and not message.content else spoken,
        message.created_at,
        model=message.model or "",
        status=_status(message),
        finish_reason=message.finish_reason or "",
        prompt_tokens=count(message.prompt_tokens),
        completion_tokens=count(message.token_count),
        feedback=feedback(RATINGS.get(text(rating.get("rating"))), rating.get("text")),
    )


def _status(message: _Message) -> Status:
    if message.error:
        return Status.FAILED
    return Status.INTERRUPTED if message.unfinished else ending(message.finish_reason)


def _spoken(message: _Message) -> list[tuple[str, str]]:
    content = message.content if isinstance(message.content, list) else []
    spoken = [_of_part(part) for part in content if isinstance(part, dict)]
    return [each for each in spoken if each[1].strip()] or _of_text(storable(message.text or ""))


def _of_part(part: dict[str, Any]) -> tuple[str, str]:
    if part.get("type") == "think":
        return REASONING, storable(_value(part.get("think")))
    return TEXT, storable(_value(part.get("text"))) if part.get("type") == "text" else ""


def _value(value: Any) -> str:
    """A text, which OpenAI's assistants wrap into an object."""
    return text(value.get("value")) if isinstance(value, dict) else text(value)


def _of_text(words: str) -> list[tuple[str, str]]:
    if not words.startswith(THINKING):
        return [(TEXT, words)]
    thought, _end, rest = words.removeprefix(THINKING).partition("\n" + THOUGHT)
    return [(REASONING, thought.strip()), (TEXT, rest.lstrip("\n"))]
