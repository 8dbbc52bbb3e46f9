"""A conversation as a document: what an export says and an import reads (docs/export.md). No database.

Whoever wrote a document, it is checked whole before anything is stored: each rule that the database keeps, and those
that it cannot keep, such as that a parent is in the same conversation.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from chat.errors import BadInput
from chat.reply import Part, Reply, storable
from chat.sentences import gettext_noop as _

VERSION = 1

Text = Annotated[str, AfterValidator(storable)]
Time = Annotated[AwareDatetime, Field(ge=datetime(1, 1, 2, tzinfo=UTC), le=datetime(9999, 12, 30, tzinfo=UTC))]
"""In any time zone it has a year that a database takes."""
Count = Annotated[int, Field(ge=0, lt=2**31)]
Status = Literal[
    "running", "complete", "length", "filtered", "refused", "stopped", "truncated", "interrupted", "failed"
]


class _Saved(BaseModel):
    """Members that we do not know are ignored, so that a later version can add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SavedPart(_Saved):
    kind: Annotated[str, Field(pattern="^[a-z_]{1,20}$")]
    text: Text


class SavedGeneration(_Saved):
    """A run of a model; positions are those of its message."""

    model: Annotated[Text, Field(max_length=200)]
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
    code: Annotated[Text, Field(max_length=50)] = ""
    error: Annotated[Text, Field(max_length=2000)] = ""


class SavedFeedback(_Saved):
    """What its reader thinks of an answer."""

    value: Literal["up", "down"]
    comment: Annotated[Text, Field(max_length=2000)] = ""


class SavedMessage(_Saved):
    """A turn. What a generation wrote is in `parts`, as the reply that it was."""

    id: UUID
    parent: UUID | None
    role: Literal["system", "user", "assistant"]
    created_at: Time
    parts: list[SavedPart]
    generations: list[SavedGeneration] = []
    feedback: SavedFeedback | None = None

    @property
    def reply(self) -> Reply:
        return Reply(Part(part.kind, part.text) for part in self.parts)

    @property
    def text(self) -> str:
        return self.reply.text

    @model_validator(mode="after")
    def _feedback_fits(self) -> Self:
        if self.feedback and self.role != "assistant":
            raise ValueError("only an assistant's message has feedback")
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
    title: Annotated[Text, Field(max_length=80)]
    titled_by: Literal["words", "model", "owner"] = "words"
    created_at: Time
    updated_at: Time
    current: UUID | None
    messages: list[SavedMessage]
    is_pinned: bool = False
    is_archived: bool = False
    system_prompt: Annotated[Text, Field(max_length=100_000)] = ""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Count | None = None

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
        if self.current is not None and self.current not in seen:
            raise ValueError("the current message is not in the conversation")
        return self

    def branch(self) -> list[SavedMessage]:
        """The messages from the root to the current leaf."""
        by_id = {message.id: message for message in self.messages}
        path, pk = list[SavedMessage](), self.current
        while pk is not None:
            path.append(by_id[pk])
            pk = by_id[pk].parent
        return path[::-1]


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
