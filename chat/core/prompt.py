"""A branch of messages -> the messages of the request to the upstream. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any
from uuid import UUID

from chat.core.tokens import BYTES_PER_TOKEN, TURN_TOKENS, tokens_of

CONTINUE = (
    "Your answer was cut off. Write on exactly where it stops, even in the middle of a word. "
    "Repeat nothing of it and say nothing about this."
)
PICTURE_TOKENS = 1_100
"""What services charge for an image of the size in which it is stored, or a little more."""

NOT_SEEN = '[image "%s": this model was not shown it]'
TOO_MANY = '[image "%s": left out, for there are too many images after it]'
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
    attachments: tuple[Document | Picture, ...] = ()

    @property
    def tokens(self) -> int:
        return tokens_of(self.text) + sum(attached.tokens for attached in self.attachments)


@dataclass(frozen=True, slots=True)
class Options:
    """What a conversation asks of its model besides its turns; None leaves a choice to the model's service."""

    system_prompt: str = ""
    temperature: float | None = None
    max_tokens: int | None = None


NO_OPTIONS = Options()


def build(branch: Iterable[Turn], *system_prompts: str, sees: bool = False) -> list[dict[str, Any]]:
    """The request's `messages`, from the first turn to the last. Images are among them if the model `sees`.

    The system prompts, such as the site's and the conversation's, stand before them in one message.
    Turns without text (an answer that failed before its first word) are left out; reasoning is never sent back.
    A branch that ends in an answer asks for its continuation.
    """
    turns = [{"role": turn.role, "content": content} for turn in branch if (content := _content(turn, sees=sees))]
    if turns and turns[-1]["role"] == "assistant":
        turns.append({"role": "user", "content": CONTINUE})
    system_prompt = "\n\n".join(filter(None, system_prompts))
    return [{"role": "system", "content": system_prompt}, *turns] if system_prompt else turns


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
