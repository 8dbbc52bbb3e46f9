"""A conversation of Open WebUI's export as a document. Pure.

The file is an array of chats: `{"id", "title", "chat", "created_at", "updated_at", "pinned", "archived"}`. A `chat`
has the `history`: `messages` by their ids, each with its `parentId`, and the `currentId` on show; older ones have
nothing but a list of `messages`. The `content` of an answer shows reasoning and calls of tools as
`<details type="…">`, which newer ones have as `output` besides.
"""

from collections.abc import Iterator
from html import unescape
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from chat.core.endings import Status
from chat.core.numbers import whole
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
    milliseconds,
    options,
    said,
    text,
    uuid_of,
)

DETAILS, END_OF_DETAILS = '<details type="', "</details>"
SUMMARY, END_OF_SUMMARY = "<summary>", "</summary>"


class _Message(BaseModel):
    id: str | None = None
    parent_id: Annotated[str | None, Field(alias="parentId")] = None
    role: str
    content: Any = None
    output: Any = None
    model: str | None = None
    timestamp: Moment = None
    done: bool | None = None
    error: Any = None
    usage: Any = None
    info: Any = None
    annotation: Any = None
    files: Any = None


class _History(BaseModel):
    messages: dict[str, Any] = {}
    current_id: Annotated[str | None, Field(alias="currentId")] = None


class _Chat(BaseModel):
    title: str | None = None
    history: _History | None = None
    messages: list[Any] | None = None
    models: Any = None
    params: Any = None
    system: Any = None


class _Conversation(BaseModel):
    id: str
    title: str | None = None
    chat: _Chat
    created_at: Moment = None
    updated_at: Moment = None
    pinned: bool | None = None
    archived: bool | None = None


def read_openwebui(data: Any) -> SavedConversation:
    """`data` (parsed JSON) as a conversation. Raises BadInput."""
    try:
        theirs = _Conversation.model_validate(data)
        messages, parents = _messages(theirs.chat)
    except ValidationError as exc:
        raise BadInput(_("This is not a conversation of Open WebUI's export.")) from exc
    known = [at for at in (theirs.created_at, *(message.timestamp for message in messages.values())) if at]
    if not known:
        raise BadInput(_("This is not a conversation of Open WebUI's export."))
    params = theirs.chat.params if isinstance(theirs.chat.params, dict) else {}
    return conversation(
        uuid_of(theirs.id),
        Tree.of({name: _node(message) for name, message in messages.items()}, parents),
        theirs.chat.history.current_id if theirs.chat.history else None,
        title=theirs.title or theirs.chat.title,
        began=known[0],
        model=_first(theirs.chat.models) or "Open WebUI",
        updated_at=theirs.updated_at or max(known),
        is_pinned=bool(theirs.pinned),
        is_archived=bool(theirs.archived),
        **options(params.get("system") or theirs.chat.system, params.get("temperature"), params.get("max_tokens")),
    )


def _messages(chat: _Chat) -> tuple[dict[str, _Message], dict[str, str | None]]:
    """By their ids, and which each follows."""
    if chat.history and chat.history.messages:
        messages = {name: _Message.model_validate(each) for name, each in chat.history.messages.items()}
        return messages, {name: message.parent_id for name, message in messages.items()}
    listed = [_Message.model_validate(each) for each in chat.messages or []]
    names = [message.id or str(number) for number, message in enumerate(listed)]
    if len(set(names)) < len(names):
        raise BadInput(_("The file is damaged: two messages have the same id."))
    above = [None, *names]
    return dict(zip(names, listed, strict=True)), dict(zip(names, above, strict=False))


def _node(message: _Message) -> Node:
    if message.role == "user":
        words = _plain(message.content) or "\n".join(_names(message.files))
        return Node("user", said((TEXT, storable(words))), message.timestamp)
    if message.role != "assistant":
        return Node()
    spoken = list(_of_output(message.output)) or list(_of_content(_plain(message.content)))
    usage = next((each for each in (message.usage, message.info) if isinstance(each, dict)), {})
    annotation = message.annotation if isinstance(message.annotation, dict) else {}
    return Node(
        "assistant",
        said(*((kind, storable(words)) for kind, words, _ms in spoken)),
        message.timestamp,
        model=message.model or "",
        status=_status(message),
        finish_reason="" if message.error or message.done is False else "stop",
        reasoning_ms=sum(ms for _kind, _words, ms in spoken if ms) or None,
        prompt_tokens=count(usage.get("prompt_tokens", usage.get("prompt_eval_count"))),
        completion_tokens=count(usage.get("completion_tokens", usage.get("eval_count"))),
        feedback=feedback({1: True, -1: False}.get(_rating(annotation)), annotation.get("comment")),
    )


def _status(message: _Message) -> Status:
    if message.error:
        return Status.FAILED
    return Status.INTERRUPTED if message.done is False else ending("stop")


def _rating(annotation: dict[str, Any]) -> int:
    rating = annotation.get("rating")
    return rating if isinstance(rating, int) else 0


Spoken = tuple[str, str, int | None]
"""Kind, text, and how long it was reasoned."""


def _of_output(output: Any) -> Iterator[Spoken]:
    for item in output if isinstance(output, list) else []:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind == "reasoning":
            yield (
                REASONING,
                _plain(item.get("content")) or _plain(item.get("summary")),
                milliseconds(item.get("duration")),
            )
        elif kind == "message":
            yield TEXT, _plain(item.get("content")), None


def _of_content(content: str) -> Iterator[Spoken]:
    """What stands between its details, and those that are reasoning."""
    at = 0
    while (begin := content.find(DETAILS, at)) >= 0 and (end := content.find(END_OF_DETAILS, begin)) >= 0:
        yield TEXT, content[at:begin].strip("\n"), None
        yield _of_details(content[begin + len(DETAILS) : end])
        at = end + len(END_OF_DETAILS)
    yield TEXT, content[at:].strip("\n") if at else content, None


def _of_details(details: str) -> Spoken:
    """`reasoning" done="true" duration="3">`, a summary, and the lines, each quoted."""
    head, _sign, body = details.partition(">")
    if not head.startswith('reasoning"'):
        return TEXT, "", None
    body = body.partition(END_OF_SUMMARY)[2] if SUMMARY in body else body
    lines = [line.removeprefix(">").removeprefix(" ") for line in unescape(body).strip("\n").split("\n")]
    seconds = whole(head.partition(' duration="')[2].partition('"')[0], 9)
    return REASONING, "\n".join(lines), None if seconds is None else milliseconds(seconds)


def _plain(content: Any) -> str:
    """A text, or the texts of its parts."""
    if isinstance(content, list):
        return "\n\n".join(filter(None, (text(part.get("text")) for part in content if isinstance(part, dict))))
    return text(content)


def _names(files: Any) -> Iterator[str]:
    """In the place of words: the files, which are not in the export."""
    for file in files if isinstance(files, list) else []:
        if isinstance(file, dict):
            yield f"[{text(file.get('name')) or text(file.get('type')) or 'file'}]"


def _first(models: Any) -> str:
    return text(models[0]) if isinstance(models, list) and models else ""
