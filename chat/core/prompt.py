"""A branch of messages -> the messages of the request to the upstream. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from uuid import UUID

from chat.core.json_text import compact
from chat.core.reply import TEXT, Part
from chat.core.tokens import BYTES_PER_TOKEN, TURN_TOKENS, tokens_of
from chat.core.tool_parts import Call, Round, rounds

CONTINUE = (
    "Your answer was cut off. Write on exactly where it stops, even in the middle of a word. "
    "Repeat nothing of it and say nothing about this."
)
PICTURE_TOKENS = 1_100
"""What services charge for an image of the size in which it is stored, or a little more."""

NOT_SEEN = '[image "%s": this model was not shown it]'
TOO_MANY = '[image "%s": left out, for there are too many images after it]'
UNFINISHED = "[This call was not finished.]"
"""What a model is told of a call that has no result."""
END_OF_DOCUMENT = re.compile("</(?=document)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Document:
    """A text, or the text of a document. `text` is empty until it is loaded."""

    id: UUID
    name: str
    characters: int
    text: str = ""

    @property
    def tokens(self) -> int:
        """At least so many, as long as it is not loaded."""
        return tokens_of(self.text) if self.text else self.characters // BYTES_PER_TOKEN + TURN_TOKENS

    def in_words(self) -> str:
        """In a block that nothing in it can close."""
        text = END_OF_DOCUMENT.sub("&lt;/", self.text)
        return f'<document name="{escape(self.name)}">\n{text}\n</document>'


@dataclass(frozen=True, slots=True)
class Picture:
    """An image. `url` holds it whole (RFC 2397), and is empty until it is loaded."""

    id: UUID
    name: str
    size: int
    """In bytes."""
    url: str = ""

    @property
    def tokens(self) -> int:
        return PICTURE_TOKENS

    def in_words(self, *, sees: bool) -> str:
        """What stands in its place where it is not shown."""
        return (TOO_MANY if sees else NOT_SEEN) % self.name.replace('"', "'")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a prompt needs of a message: who said what, and what was attached to it."""

    role: str
    text: str
    """What was said, after the last of its rounds."""
    attachments: tuple[Document | Picture, ...] = ()
    rounds: tuple[Round, ...] = ()
    """Of tools, before the text."""

    @property
    def tokens(self) -> int:
        tokens = tokens_of(self.text)
        if self.attachments or self.rounds:  # most have none, and there may be a thousand
            tokens += sum(attached.tokens for attached in self.attachments) + sum(map(_tokens, self.rounds))
        return tokens


def turn(role: str, parts: Sequence[Part], attachments: tuple[Document | Picture, ...] = ()) -> Turn:
    """A message as a turn, from its parts, which need not be joined."""
    if len(parts) == 1 and parts[0].kind == TEXT:
        return Turn(role, parts[0].text, attachments)
    if all(part.kind == TEXT for part in parts):
        return Turn(role, "".join(part.text for part in parts), attachments)
    tools, text = rounds(parts)
    return Turn(role, text, attachments, tuple(tools))


def _tokens(tools: Round) -> int:
    said = [tools.text, *(result.content for result in tools.results.values())]
    return sum(map(tokens_of, said)) + sum(tokens_of(call.name + compact(call.arguments)) for call in tools.calls)


@dataclass(frozen=True, slots=True)
class Options:
    """What a conversation asks of its model besides its turns; None leaves a choice to the model's service."""

    system_prompt: str = ""
    temperature: float | None = None
    max_tokens: int | None = None


NO_OPTIONS = Options()


def build(
    branch: Iterable[Turn], *system_prompts: str, sees: bool = False, calls: bool = False
) -> list[dict[str, Any]]:
    """The request's `messages`, from the first turn to the last. Images are among them if the model `sees`; if it
    `calls` tools, so are earlier calls and their results, else they stand in words.

    The system prompts, such as the site's and the conversation's, stand before them in one message.
    Turns without text (an answer that failed before its first word) are left out; reasoning is never sent back.
    A branch that ends in an answer asks for its continuation, unless that ends in the results of tools.
    """
    turns, numbers = list[dict[str, Any]](), iter(range(100_000_000))
    for each in branch:
        if each.rounds and calls:
            turns += _tool_messages(each.rounds, numbers)
        if content := _content(each if calls or not each.rounds else _in_words(each), sees=sees):
            turns.append({"role": each.role, "content": content})
    if turns and turns[-1]["role"] == "assistant":
        turns.append({"role": "user", "content": CONTINUE})
    system_prompt = "\n\n".join(filter(None, system_prompts))
    return [{"role": "system", "content": system_prompt}, *turns] if system_prompt else turns


def _tool_messages(tools: Iterable[Round], numbers: Iterator[int]) -> Iterator[dict[str, Any]]:
    """https://platform.openai.com/docs/guides/function-calling

    Ids of nine letters and digits are those that each service takes (Mistral refuses others).
    """
    for each in tools:
        ids = {call.id: f"c{next(numbers):08}" for call in each.calls}
        named = [(ids[call.id], call) for call in each.calls]
        asked = [{"id": pk, "type": "function", "function": _function(call)} for pk, call in named]
        yield {"role": "assistant", "content": each.text or None, "tool_calls": asked}
        for call in each.calls:
            yield {"role": "tool", "tool_call_id": ids[call.id], "content": _result(each, call)}


def _function(call: Call) -> dict[str, str]:
    # What was no object goes back as an empty one: some services read it, and refuse the request.
    arguments = compact(call.arguments) if isinstance(call.arguments, dict) else "{}"
    return {"name": call.name, "arguments": arguments}


def _result(tools: Round, call: Call) -> str:
    return tools.results[call.id].content if call.id in tools.results else UNFINISHED


def _in_words(said: Turn) -> Turn:
    """For a model that cannot be told in another way."""
    words = list[str]()
    for each in said.rounds:
        words.append(each.text)
        words += [f"[{call.name} {compact(call.arguments)}: {_result(each, call)}]" for call in each.calls]
    return Turn(said.role, "\n\n".join(filter(None, [*words, said.text])), said.attachments)


def _content(turn: Turn, *, sees: bool) -> str | list[dict[str, Any]]:
    """What was said, after what was attached to it: https://platform.openai.com/docs/guides/images-vision"""
    if not turn.attachments:
        return turn.text
    pictures, words = [], []
    for attached in turn.attachments:
        if isinstance(attached, Document):
            words.append(attached.in_words())
        elif sees and attached.url:
            pictures.append({"type": "image_url", "image_url": {"url": attached.url}})
        else:
            words.append(attached.in_words(sees=sees))
    text = "\n\n".join(filter(None, [*words, turn.text]))
    if not pictures:
        return text
    return [*pictures, {"type": "text", "text": text}] if text else pictures


def characters(messages: Sequence[dict[str, Any]]) -> int:
    """Of a request's messages; an image counts as what it costs, not as what it has."""
    said = 0
    for message in messages:
        content = message["content"]
        said += len(content) if isinstance(content, str) else _characters(content or ())
        if "tool_calls" in message:
            said += _called(message["tool_calls"])
    return said


def _characters(parts: Sequence[dict[str, Any]]) -> int:
    return sum(len(part["text"]) if "text" in part else PICTURE_TOKENS * BYTES_PER_TOKEN for part in parts)


def _called(calls: Sequence[dict[str, Any]]) -> int:
    return sum(len(call["function"]["name"]) + len(call["function"]["arguments"]) for call in calls)


def title(question: str, answer: str) -> list[dict[str, Any]]:
    """A request for a title of a conversation that began with `question` and `answer`."""
    return [
        {
            "role": "system",
            "content": "You give conversations short titles. Answer with the title alone: "
            "two to six words, in the language of the conversation, without quotation marks or a full stop.",
        },
        {
            "role": "user",
            "content": f"Question:\n{question[:1000]}\n\nAnswer:\n{answer[:1000]}\n\nTitle of this conversation:",
        },
    ]
