"""A generation that this process runs, and what the response has said that it reads."""

import asyncio
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chat.conf import settings
from chat.conversations.turns import Accepted
from chat.core import prompt as prompts
from chat.core.endings import Ending, Status, ending_of
from chat.core.prompt import Options
from chat.core.reply import REASONING, TEXT, Mark
from chat.core.think_tags import Piece, ThinkTags
from chat.core.tokens import BYTES_PER_TOKEN, NO_TOKENS, Tokens
from chat.generation.finishing import Write
from chat.generation.stopwatch import Stopwatch
from chat.live.exchange import LiveReply
from chat.models import Generation
from chat.providers import chunks
from chat.providers.tool_calls import Called
from chat.tools.reader import Reader
from chat.usage.quotas import Reserved

NEVER = -(2**40)
"""Below any room."""
MOST_COUNTED = 2**31 - 1
"""Of tokens, in the row of a generation."""


@dataclass
class Heard:
    """What one response of the model's service has said, besides its words."""

    finish_reason: str = ""
    is_done: bool = False
    is_refused: bool = False
    calls: tuple[Called, ...] = ()
    usage: chunks.Usage | None = None
    prompt: int = 0
    """Characters that were sent."""
    is_asked: bool = False
    """May it cost something? Not what the service refused, or where nobody was reached."""
    room: int | None = None
    """Of the run, when it began; None: it has not."""
    tags: ThinkTags = field(default_factory=ThinkTags)


@dataclass
class Run:
    """A generation that this process runs."""

    generation: Generation
    accepted: Accepted | None
    """Until its prompt is made for the last time."""
    options: Options
    reader: Reader
    """Whose language and zone tools run in."""
    live: LiveReply
    stop: asyncio.Future[Status | None]
    """Done when the run must end from outside: with its ending, or None if the row is no longer ours to end."""
    stored: Mark
    """Up to where the reply is stored for good."""
    stored_position: int
    last_moment: float
    """When it must have ended, by the loop's clock."""
    room: int
    """Characters that it may still write."""
    reserved: Reserved | None = None
    """Of a quota (chat/generation/reserving.py)."""
    reserved_room: int = NEVER
    """Once `room` is below this, what the response was reserved for is written."""
    prompt: list[dict[str, Any]] = field(default_factory=list)
    heard: Heard = field(default_factory=Heard)
    """In the response that is read, or was last."""
    used: tuple[int | None, int | None] = (None, None)
    """Tokens of the responses before it, as they were reported: of prompts, and of what was written."""
    spent: Tokens = NO_TOKENS
    """In the responses before it, where nothing was reported by estimate."""
    first_piece_at: datetime | None = None
    reasoning: Stopwatch = field(default_factory=Stopwatch)
    begun: set[str] = field(default_factory=set)
    """The ids of calls of tools that it has begun."""
    unwritten: dict[str, Write] = field(default_factory=dict)
    """What is to be stored beside the reply, in this order. It may be done twice."""
    is_finishing: bool = False

    @property
    def id(self) -> uuid.UUID:
        return self.generation.pk

    def take_prompt(self) -> list[dict[str, Any]]:
        """Once: a long conversation is not kept for as long as its answer is written."""
        prompt, self.prompt = self.prompt, []
        self.heard.prompt, self.heard.is_asked = prompts.characters(prompt), True
        return prompt

    def hear(self) -> Heard:
        """Another response begins."""
        self.used, self.spent, self.heard = self.usage, self.tokens, Heard(room=self.room)
        self.find_reserved_room()
        return self.heard

    def find_reserved_room(self) -> None:
        """Again, when a response begins or more is reserved: so that a piece costs one comparison."""
        if self.reserved and self.heard.room is not None:
            left = self.reserved.tokens.output - self.spent.output
            self.reserved_room = self.heard.room - left * BYTES_PER_TOKEN

    @property
    def tokens(self) -> Tokens:
        """Of all responses so far: what this one has used is estimated as far as its service does not say."""
        written = 0 if self.heard.room is None else self.heard.room - self.room
        if not (self.heard.is_asked or written or self.heard.usage):
            return self.spent
        said = self.heard.usage or chunks.Usage(None, None)
        return self.spent + said.tokens(self.heard.prompt, written)

    @property
    def usage(self) -> tuple[int | None, int | None]:
        """Of all responses so far."""
        now = self.heard.usage or chunks.Usage(None, None)
        return _sum(self.used[0], now.prompt_tokens), _sum(self.used[1], now.completion_tokens)

    def pieces_of(self, said: chunks.Spoken) -> list[Piece]:
        """What it adds to which kind of part. Takes the time that reasoning takes."""
        tags = self.heard.tags
        if isinstance(said, chunks.Text):
            pieces = tags.split(said.text)
        else:
            pieces = [*tags.rest(), (REASONING if isinstance(said, chunks.Reasoning) else TEXT, said.text)]
        for kind, _text in pieces:
            if kind == REASONING:
                self.reasoning.start()
            else:
                self.reasoning.stop()
        return pieces

    def settle(self) -> None:
        """Nothing more will come of this response: what waits for its other half goes as it is."""
        for kind, text in self.heard.tags.rest():
            self.live.append(kind, text)
        self.live.reply.settle()

    def ending(self) -> Ending:
        """How the upstream's stream, which has ended without an error, has ended."""
        new = self.live.reply.since(self.generation.begins_at)
        return ending_of(
            self.heard.finish_reason,
            is_done=self.heard.is_done,
            is_refused=self.heard.is_refused,
            has_text=bool(self.heard.calls) or any(part.kind == TEXT for part in new),
        )

    def outcome(self, ending: Ending) -> dict[str, Any]:
        """What else is stored with an ending."""
        prompt_tokens, completion_tokens = self.usage
        return {
            "code": ending.code,
            "error": ending.error,
            "finish_reason": self.heard.finish_reason,
            "first_piece_at": self.first_piece_at,
            "reasoning_ms": round(self.reasoning.seconds * 1000),
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "tokens": self.tokens,
        }

    def end_from_outside(self, status: Status | None) -> None:
        if not self.stop.done():
            self.stop.set_result(status)


def run_of(accepted: Accepted) -> Run:
    generation, written = accepted.generation, accepted.written
    live = LiveReply(generation.message.conversation_id, written.reply.parts() if written else ())
    loop = asyncio.get_running_loop()
    return Run(
        generation,
        accepted,
        accepted.options,
        Reader.here(),
        live,
        stop=loop.create_future(),
        stored=written.mark if written else Mark(),
        stored_position=live.reply.position,
        last_moment=loop.time() + (settings.CHAT_TOTAL_SECONDS or 1e9),
        room=settings.CHAT_OUTPUT_CHARS or 2**31,
        reserved=accepted.reserved,
    )


def _sum(one: int | None, other: int | None) -> int | None:
    """Of what is known of it; no more than its column holds, whatever a service says in each of many rounds."""
    return other if one is None else min(one + (other or 0), MOST_COUNTED)
