"""What other programs export, as documents of ours. Pure.

Each program's reader says what its nodes are; here they become messages. Whatever stands between two questions is one
answer: reasoning, calls of tools, a text before them and another one after are nodes of their own elsewhere. A node of
which nothing can be shown, such as a tool's, is left out, and what follows it moves up to what it followed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import BeforeValidator, ValidationError

from chat.core.endings import Status
from chat.core.limits import COMMENT_CHARACTERS, MODEL_CHARACTERS, MOST_TEMPERATURE, MOST_TOKENS
from chat.core.reply import REASONING, storable
from chat.errors import BadInput
from chat.i18n import gettext_noop as _
from chat.import_export.document import (
    PROMPT_CHARACTERS,
    SavedConversation,
    SavedFeedback,
    SavedGeneration,
    SavedMessage,
    SavedPart,
    short_title,
)

NAMESPACE = UUID("6d6e9d3a-5d5c-4a3e-9f5c-7b1f3f0e2c41")
"""For ids that are no uuids: the same file gives the same ids."""
ENDINGS = {
    "length": Status.LENGTH,
    "max_tokens": Status.LENGTH,
    "content_filter": Status.FILTERED,
    "refusal": Status.REFUSED,
    "interrupted": Status.STOPPED,
    "incomplete": Status.STOPPED,
    "user_canceled": Status.STOPPED,
}
"""What other programs call the endings; what is not here is complete."""
MOST_SECONDS = 1e11
"""Since 1970; a number beyond counts milliseconds, as in JavaScript."""
MOST_COUNT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Node:
    """What one node says; `role` is None where nothing of it is shown."""

    role: Literal["user", "assistant"] | None = None
    parts: tuple[SavedPart, ...] = ()
    at: datetime | None = None
    model: str = ""
    status: Status = Status.COMPLETE
    finish_reason: str = ""
    reasoning_ms: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    feedback: SavedFeedback | None = None

    @property
    def is_shown(self) -> bool:
        return bool(self.parts) or (self.role == "assistant" and self.status == Status.FAILED)


@dataclass(slots=True)
class Tree:
    """Nodes by their names, in the order of the file, and what stands below each."""

    nodes: Mapping[str, Node]
    children: Mapping[str, list[str]]
    roots: list[str]

    @classmethod
    def of(cls, nodes: Mapping[str, Node], parents: Mapping[str, str | None]) -> "Tree":
        children: dict[str, list[str]] = {name: [] for name in nodes}
        roots = list[str]()
        for name in nodes:
            children.get(parents.get(name) or "", roots).append(name)
        return cls(nodes, children, roots)


@dataclass(slots=True)
class _Place:
    """Where the walk through a tree is."""

    name: str
    at: datetime
    """When the last message above was written that says so."""
    asked: UUID | None = None
    """The last question above."""
    answered: UUID | None = None
    """The last answer above, below that question."""
    answer: list[Node] = field(default_factory=list)
    """What it is made of, up to here."""


def conversation(
    pk: UUID, tree: Tree, current: str | None, *, title: str | None, began: datetime, model: str, **besides: Any
) -> SavedConversation:
    """The document. `model`: whose the answers are that name none. Raises BadInput."""
    messages, stands_for = _messages(tree, pk, began, model)
    if not messages:
        raise BadInput(_("It has no message that can be shown here."))
    own = short_title(title or "")
    try:
        return SavedConversation(
            id=pk,
            title=own or short_title(messages[0].text),
            titled_by="model" if own else "words",
            created_at=began,
            current=stands_for.get(current or "") or messages[-1].id,
            messages=messages,
            **besides,
        )
    except ValidationError as exc:
        raise BadInput(_("Something in it is not as this program writes it.")) from exc


def _messages(tree: Tree, pk: UUID, began: datetime, model: str) -> tuple[list[SavedMessage], dict[str, UUID | None]]:
    """Ours, parents first; and which of them stands for each of their nodes: its own, or the last one above it."""
    messages, stands_for = list[SavedMessage](), dict[str, UUID | None]()
    leads = _what_follows(tree)
    waiting = [_Place(name, began) for name in reversed(tree.roots)]
    while waiting:
        place = waiting.pop()
        if place.name in stands_for:
            raise BadInput(_("The file is damaged: a message follows itself."))
        node = tree.nodes[place.name]
        own, at = uuid5(pk, place.name), node.at or place.at
        if node.is_shown and node.role == "user":
            messages.append(_question(own, place.answered or place.asked, node, at))
            place = _Place(place.name, at, own)
        elif node.is_shown and node.role == "assistant" and place.asked:
            node = replace(node, at=at)
            place = _Place(place.name, at, place.asked, place.answered, [*place.answer, node])
            if leads[place.name] != {"assistant"}:
                messages.append(_answer(own, place, model))
                place.answered = own
        stands_for[place.name] = place.answered or place.asked
        waiting += [replace(place, name=child) for child in reversed(tree.children[place.name])]
    if len(stands_for) < len(tree.nodes):
        raise BadInput(_("The file is damaged: a message follows itself."))
    return messages, stands_for


def _what_follows(tree: Tree) -> dict[str, set[str]]:
    """By name, who speaks next below a node."""
    follows: dict[str, set[str]] = {name: set() for name in tree.nodes}
    for name in reversed(_downwards(tree)):
        for child in tree.children[name]:
            node = tree.nodes[child]
            follows[name] |= {node.role} if node.is_shown and node.role else follows[child]
    return follows


def _downwards(tree: Tree) -> list[str]:
    """Each name after that of its parent."""
    names, seen = list(tree.roots), set(tree.roots)
    for name in names:  # it grows meanwhile
        new = [child for child in tree.children[name] if child not in seen]
        seen.update(new)
        names += new
    return names


def _question(pk: UUID, parent: UUID | None, node: Node, at: datetime) -> SavedMessage:
    return SavedMessage(id=pk, parent=parent, role="user", created_at=at, parts=list(node.parts))


def _answer(pk: UUID, place: _Place, model: str) -> SavedMessage:
    nodes, last = place.answer, place.answer[-1]
    parts, at = list(_joined(nodes)), nodes[0].at or place.at
    times = [node.reasoning_ms for node in nodes if node.reasoning_ms is not None]
    generation = SavedGeneration(
        model=model_name(next((node.model for node in reversed(nodes) if node.model), model)),
        status=last.status,
        begins_at=0,
        ends_at=sum(len(part.text) for part in parts),
        created_at=at,
        ended_at=max(at, place.at),
        reasoning_ms=min(sum(times), MOST_COUNT) if times else None,
        finish_reason=storable(last.finish_reason)[:100],
        prompt_tokens=last.prompt_tokens,
        completion_tokens=last.completion_tokens,
    )
    return SavedMessage(
        id=pk,
        parent=place.asked,
        role="assistant",
        created_at=at,
        parts=parts,
        generations=[generation],
        feedback=next((node.feedback for node in reversed(nodes) if node.feedback), None),
    )


def _joined(nodes: Iterable[Node]) -> Iterator[SavedPart]:
    """What several nodes say: a text and the next one are paragraphs."""
    kinds = set[str]()
    for part in (part for node in nodes for part in node.parts):
        yield part_of(part.kind, "\n\n" + part.text) if part.kind in kinds else part
        kinds.add(part.kind)


# Values, as others write them


def part_of(kind: str, text: str) -> SavedPart:
    return SavedPart(kind="reasoning" if kind == REASONING else "text", text=text)


def said(*spoken: tuple[str, str]) -> tuple[SavedPart, ...]:
    """Parts of these kinds and texts, without those that say nothing."""
    return tuple(part_of(kind, text) for kind, text in spoken if text.strip())


def uuid_of(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        return uuid5(NAMESPACE, name)


def model_name(name: str) -> str:
    return storable(name)[:MODEL_CHARACTERS]


def ending(finish_reason: object) -> Status:
    return ENDINGS.get(finish_reason, Status.COMPLETE) if isinstance(finish_reason, str) else Status.COMPLETE


def count(value: object) -> int | None:
    """A number of tokens, as far as it is one."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_COUNT
    return int(value) if is_count else None  # type: ignore[call-overload] # an int


def milliseconds(value: object) -> int | None:
    """Of so many seconds, as far as they are a number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MOST_COUNT / 1000
    return round(value * 1000) if is_number else None  # type: ignore[operator] # a number


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def fenced(words: str) -> str:
    """As a block of code that nothing in it can close."""
    lines = (line.strip() for line in words.split("\n"))
    longest = max((len(line) for line in lines if not line.strip("`")), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{words}\n{fence}"


def feedback(is_good: bool | None, comment: object) -> SavedFeedback | None:
    if is_good is None:
        return None
    return SavedFeedback(
        value="up" if is_good else "down", comment=storable(text(comment)).strip()[:COMMENT_CHARACTERS]
    )


def options(system_prompt: object, temperature: object, max_tokens: object) -> dict[str, Any]:
    """Those of them that a form of ours would take."""
    prompt = storable(text(system_prompt))
    found: dict[str, Any] = {"system_prompt": prompt if len(prompt) <= PROMPT_CHARACTERS else ""}
    if _is_between(0, temperature, MOST_TEMPERATURE):
        found["temperature"] = temperature
    if isinstance(max_tokens, int) and _is_between(1, max_tokens, MOST_TOKENS):
        found["max_tokens"] = max_tokens
    return found


def _is_between(least: float, value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _moment(value: Any) -> Any:
    """ISO 8601, or seconds or milliseconds since 1970. Raises ValueError."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, str):
        at = datetime.fromisoformat(value)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MOST_SECONDS * 1000:
        at = datetime.fromtimestamp(value if abs(value) < MOST_SECONDS else value / 1000, UTC)
    else:
        raise ValueError("this is no time")
    if not 1970 <= at.astimezone(UTC).year < 9999:
        raise ValueError("no clock shows this time")
    return at


def moment(value: Any) -> Any:
    try:
        return _moment(value)
    except (OverflowError, OSError) as exc:
        raise ValueError("no clock shows this time") from exc


Moment = Annotated[datetime | None, BeforeValidator(moment)]
