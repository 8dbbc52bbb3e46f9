"""A conversation as a document: what an export says and an import reads (docs/export.md). No database.

Whoever wrote a document, it is checked whole before anything is stored: it holds nothing that a site could not have
made. That is each rule that the database keeps, those that it cannot keep, such as that a parent is in the same
conversation, and the bounds of the forms.
"""

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from chat.core import tool_parts
from chat.core.endings import Status
from chat.core.limits import (
    COMMENT_CHARACTERS,
    DEFAULT_PROVIDER,
    FILE_NAME_CHARACTERS,
    GENERATIONS_PER_MESSAGE,
    MODEL_CHARACTERS,
    MOST_TEMPERATURE,
    MOST_TOKENS,
    PROVIDER_CHARACTERS,
    TITLE_CHARACTERS,
)
from chat.core.reply import SPOKEN, TEXT, Part, Reply, storable
from chat.errors import BadInput
from chat.i18n import gettext_noop as _

VERSION = 1
PROMPT_CHARACTERS = 1_000_000
"""Of a system prompt, and of what a tool was called for, whatever a site allows: one record
(chat/import_export/records.py) has room for so many."""


MOST_TITLE = 1_000
"""Characters that are looked at of what is to be a title."""


def one_line(text: str) -> str:
    """`text` as the titles of a site are."""
    return " ".join(text.split())


def short_title(text: str) -> str:
    """`text` as a title of a site, which has so many characters at most."""
    return one_line(storable(text[:MOST_TITLE]))[:TITLE_CHARACTERS].strip()


def _decoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return value
    try:
        return b64decode(value, validate=True)
    except (TypeError, ValueError) as exc:
        raise ValueError("this is not base64") from exc


def _encoded(data: bytes) -> str:
    return b64encode(data).decode()


Text = Annotated[str, AfterValidator(storable)]
Title = Annotated[Text, AfterValidator(one_line), Field(max_length=TITLE_CHARACTERS)]
Time = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(9999, 12, 30, tzinfo=UTC))]
"""That a clock may have shown, and of which a database takes the year in any time zone."""
Count = Annotated[int, Field(ge=0, lt=2**31)]
Data = Annotated[bytes, BeforeValidator(_decoded), PlainSerializer(_encoded, when_used="json")]
"""In JSON as base64 (RFC 4648, section 4)."""
T = TypeVar("T")
Each = Annotated[list[T], FailFast()]
"""Checked up to its first fault: a million of them, each with its place and its words, take hundreds of megabytes."""


class _Saved(BaseModel):
    """Members that we do not know are ignored, so that a later version can add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SavedPart(_Saved):
    """What was said, or the JSON of what a tool was called for and what came of it (docs/protocol.md, "Events")."""

    kind: Literal["text", "reasoning", "tool_call", "tool_decision", "tool_result", "source"]
    text: Text

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if self.kind in SPOKEN:
            return self
        if len(self.text) > PROMPT_CHARACTERS or not tool_parts.read(Part(self.kind, self.text)):
            raise ValueError(f"this is no {self.kind}")
        return self


class SavedGeneration(_Saved):
    """A run of a model; positions are those of its message."""

    model: Annotated[Text, Field(min_length=1, max_length=MODEL_CHARACTERS)]
    provider: Annotated[Text, Field(max_length=PROVIDER_CHARACTERS)] = DEFAULT_PROVIDER
    label: Annotated[Text, Field(max_length=MODEL_CHARACTERS)] = ""
    status: Status
    begins_at: Count
    ends_at: Count | None = None
    created_at: Time
    first_piece_at: Time | None = None
    ended_at: Time | None = None
    reasoning_ms: Count | None = None
    finish_reason: Annotated[Text, Field(max_length=100)] = ""
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    left_out: Count = 0
    code: Annotated[Text, Field(max_length=50)] = ""
    error: Annotated[Text, Field(max_length=2000)] = ""


class SavedFeedback(_Saved):
    """What its reader thinks of an answer."""

    value: Literal["up", "down"]
    comment: Annotated[Text, Field(max_length=COMMENT_CHARACTERS)] = ""


class SavedAttachment(_Saved):
    """A file that questions bear. Who reads one takes from it the name and `data`, and finds out the rest anew."""

    id: UUID
    kind: Literal["image", "text", "pdf", "office"]
    name: Annotated[Text, Field(max_length=FILE_NAME_CHARACTERS)]
    media_type: Annotated[Text, Field(max_length=100)]
    width: Count | None = None
    height: Count | None = None
    pages: Count | None = None
    created_at: Time
    data: Data
    text: Text = ""
    """What a model is shown of any but an image."""


class SavedMessage(_Saved):
    """A turn. What a generation wrote is in `parts`, as the reply that it was."""

    id: UUID
    parent: UUID | None
    role: Literal["system", "user", "assistant"]
    created_at: Time
    parts: Each[SavedPart]
    generations: Annotated[Each[SavedGeneration], Field(max_length=GENERATIONS_PER_MESSAGE)] = []
    feedback: SavedFeedback | None = None
    attachments: Each[UUID] = []
    """Which of the conversation's, in order."""

    @property
    def reply(self) -> Reply:
        return Reply(Part(part.kind, part.text) for part in self.parts)

    @property
    def text(self) -> str:
        return self.reply.text

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.role != "assistant" and any(part.kind != TEXT for part in self.parts):
            raise ValueError("only an assistant's message has reasoning, or calls of tools")
        return self

    @model_validator(mode="after")
    def _feedback_fits(self) -> Self:
        if self.feedback and self.role != "assistant":
            raise ValueError("only an assistant's message has feedback")
        return self

    @model_validator(mode="after")
    def _attachments_fit(self) -> Self:
        if self.attachments and self.role == "system":
            raise ValueError("an instruction has no attachments")
        if len(set(self.attachments)) < len(self.attachments):
            raise ValueError(f"message {self.id} has the same attachment twice")
        return self

    @model_validator(mode="after")
    def _generations_fit(self) -> Self:
        if self.generations and self.role != "assistant":
            raise ValueError("only an assistant's message has generations")
        length = self.reply.position
        for generation in self.generations:
            if not generation.begins_at <= (length if generation.ends_at is None else generation.ends_at) <= length:
                raise ValueError("a generation's positions do not fit its message")
        return self


class SavedConversation(_Saved):
    """A whole tree. Messages stand after their parents, in the order in which they were written."""

    format: Literal["chatsite-conversation"] = "chatsite-conversation"
    version: Annotated[int, Field(ge=1, le=VERSION)] = VERSION
    id: UUID
    title: Title
    titled_by: Literal["words", "model", "owner"] = "words"
    created_at: Time
    updated_at: Time
    current: UUID | None
    messages: Each[SavedMessage]
    is_pinned: bool = False
    is_archived: bool = False
    system_prompt: Annotated[Text, Field(max_length=PROMPT_CHARACTERS)] = ""
    temperature: Annotated[float, Field(ge=0, le=MOST_TEMPERATURE)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS)] | None = None
    model: Annotated[Text, Field(max_length=MODEL_CHARACTERS)] = ""
    provider: Annotated[Text, Field(max_length=PROVIDER_CHARACTERS)] = DEFAULT_PROVIDER
    attachments: Each[SavedAttachment] = []

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        seen: set[UUID] = set()
        for message in self.messages:
            if message.id in seen:
                raise ValueError(f"two messages are called {message.id}")
            if message.parent is None and message.role == "assistant":
                raise ValueError("an answer answers no message")
            if message.parent is not None and message.parent not in seen:
                raise ValueError(f"the parent of message {message.id} does not stand before it")
            seen.add(message.id)
        if self.current not in seen if self.messages else self.current:
            raise ValueError("the current message is not in the conversation")
        return self

    @model_validator(mode="after")
    def _attachments_are_borne(self) -> Self:
        known = {attachment.id for attachment in self.attachments}
        if len(known) < len(self.attachments):
            raise ValueError("two attachments have the same id")
        borne = {pk for message in self.messages for pk in message.attachments}
        for pk in borne - known:
            raise ValueError(f"attachment {pk}, which a message has, is not in the conversation")
        for pk in known - borne:
            raise ValueError(f"no message has attachment {pk}")
        return self


def read_document(data: Any) -> SavedConversation:
    """`data` (parsed JSON) as a conversation. Raises BadInput, which says what is wrong and where."""
    if not isinstance(data, dict) or data.get("format") != "chatsite-conversation":
        raise BadInput(_("This is not a conversation that was exported from this site."))
    try:
        return SavedConversation.model_validate(data)
    except ValidationError as exc:
        raise BadInput(_("The file is damaged: %(fault)s."), values={"fault": _first_fault(exc)}) from exc


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, fault["loc"])) or "the conversation"
    return f"at {place}, {fault['msg'].removeprefix('Value error, ')}"
