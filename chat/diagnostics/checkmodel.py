"""What `manage.py checkmodel` asks a model, and what it says of what came."""

import asyncio
import struct
import time
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from chat.core.prompt import NO_OPTIONS, Options
from chat.diagnostics.checkstream.findings import Finding, fault, note, ok
from chat.errors import ChatError, UpstreamTimeout
from chat.providers import chunks, openai
from chat.providers.configuration import Model
from chat.providers.registry import registry
from chat.providers.tool_calls import Called

LONG = "Count from one to three hundred, in words, and say nothing else."
SHORT = "Name the four seasons, in one sentence."
COLOUR = "Which colour is this image? Answer with one word."
TIME = "What time is it? Use the tool `current_time` for that."
CURRENT_TIME = {
    "type": "function",
    "function": {
        "name": "current_time",
        "description": "The time in a time zone.",
        "parameters": {
            "type": "object",
            "properties": {"zone": {"type": "string", "description": "a name of the IANA, such as Europe/Berlin"}},
            "required": ["zone"],
        },
    },
}
CHOSEN = Options(temperature=1.0, max_tokens=500)
"""What users may set."""
SLOW = 5.0
"""Seconds. If the answer after a stop begins so much later than the stopped one, something was in its way."""
LUMP = 500
"""Characters of the beginning of a long answer that cannot have been one token."""
SHOWN = 60
"""Characters of an answer that a finding shows."""
LOOK = "the address, the key and the model's name; the log above has the service's own words."


@dataclass
class Heard:
    """What came of a question."""

    first_after: float = 0.0
    """Seconds, until its first piece."""
    after: float = 0.0
    """Until its end."""
    pieces: int = 0
    text: str = ""
    has_reasoned: bool = False
    finish_reason: str = ""
    is_done: bool = False
    usage: chunks.Usage | None = None
    calls: tuple[Called, ...] = ()


class Check:
    """One run through all questions."""

    def __init__(self, key: str, patience: float) -> None:
        """`patience`: for each answer, in seconds."""
        self.model: Model = registry()[key]
        self.patience = patience

    async def run(self) -> AsyncIterator[Finding]:
        """The findings, as they are made."""
        service = self.model.provider.label or self.model.provider.address or "OpenAI"
        yield note(f"{self.model.title} is the model {self.model.name} of {service}.")
        try:
            stopped = await self._ask(LONG, stop=True)
            yield ok(f"It answers: its first piece came after {stopped.first_after:.2f} s.")
            heard = await self._ask(SHORT)
            yield self._streams(stopped, heard)
            yield self._ends(heard)
            yield self._stop(stopped, heard)
            yield self._usage(heard)
            yield await self._parameters()
            yield self._reasoning(heard)
            yield await self._images()
            if self.model.tools:
                yield await self._tools()
        except ChatError as exc:
            yield fault(f"It does not answer: {exc.message}", LOOK)

    async def _ask(
        self,
        question: str | list[dict[str, Any]],
        options: Options = NO_OPTIONS,
        *,
        stop: bool = False,
        tools: Sequence[dict[str, Any]] = (),
    ) -> Heard:
        """Raises UpstreamError. With `stop` the connection is closed after the first piece."""
        heard, began = Heard(), time.monotonic()
        messages = [{"role": "user", "content": question}]
        try:
            async with (
                asyncio.timeout(self.patience),
                aclosing(openai.stream(self.model.key, messages, options, tools=tools)) as events,
            ):
                async for event in events:
                    _hear(heard, event, time.monotonic() - began)
                    if stop and heard.pieces:
                        break
        except TimeoutError as exc:
            raise UpstreamTimeout from exc
        heard.after = time.monotonic() - began
        return heard

    def _streams(self, stopped: Heard, heard: Heard) -> Finding:
        """A short answer may come in one piece from a fast model; the first piece of a long one is never all of it."""
        if not heard.text.strip():
            return fault("Its answer has no text.", "a model that answers, or a larger `output`.")
        if heard.pieces == 1 and len(stopped.text) >= LUMP:
            return fault("It does not stream: its answers come in one piece.", "no buffering on the way.")
        last = f"{heard.pieces} piece{'s' if heard.pieces > 1 else ''}, the last after {heard.after:.2f} s"
        return ok(f"It streams: {last}.")

    def _ends(self, heard: Heard) -> Finding:
        if heard.finish_reason or heard.is_done:
            return ok(f"It says that it has ended: {heard.finish_reason or '[DONE]'}.")
        advice = "what lies between, or a newer version of the service."
        return fault("It ends without a finish reason: all its answers would count as cut.", advice)

    def _stop(self, stopped: Heard, heard: Heard) -> Finding:
        if heard.first_after > stopped.first_after + SLOW:
            waited = f"the next answer began after {heard.first_after:.1f} s, not after {stopped.first_after:.1f}"
            return fault(f"It goes on writing what was stopped: {waited}.", "a service that ends with its connection.")
        return ok(f"It can be stopped in the middle: the next answer began after {heard.first_after:.2f} s.")

    def _usage(self, heard: Heard) -> Finding:
        if not heard.usage:
            return note("It does not say its usage: tokens stay unknown.", "the service's settings, if you need it.")
        return ok(f"It says its usage: {heard.usage.prompt_tokens} tokens in, {heard.usage.completion_tokens} out.")

    async def _parameters(self) -> Finding:
        """What users may set is sent as settings say that the model takes it."""
        sent = ", ".join(self.model.request_parameters(CHOSEN)) or "none"
        try:
            await self._ask(SHORT, CHOSEN)
        except ChatError as exc:
            return fault(f"It refuses a parameter of {sent}: {exc.message}", "`parameters` in CHAT_PROVIDERS.")
        return ok(f"It takes what users may set, as far as it is sent: {sent}.")

    def _reasoning(self, heard: Heard) -> Finding:
        if heard.has_reasoned:
            return ok("It shows its reasoning.")
        if self.model.reasoning:
            return note("Settings say that it reasons, and it showed no reasoning with so simple a question.")
        return ok("It shows no reasoning, and settings say nothing of it.")

    async def _images(self) -> Finding:
        try:
            heard = await self._ask([{"type": "image_url", "image_url": {"url": _red()}}, _words(COLOUR)])
        except ChatError as exc:
            if not self.model.vision:
                return ok("It takes no images, and is shown none.")
            return fault(f"It takes no images: {exc.message}", "`vision`, or CHAT_VISION_MODELS, without it.")
        if "red" not in heard.text.lower():
            said = " ".join(heard.text.split())[:SHOWN]
            known = "settings say that it sees" if self.model.vision else "it is shown none"
            return note(f"It took an image of a red square and said: {said!r}; {known}.")
        if not self.model.vision:
            return note("It sees images, and is shown none.", "`vision = true`, or its name in CHAT_VISION_MODELS.")
        return ok("It sees images.")

    async def _tools(self) -> Finding:
        advice = "`tools`, or CHAT_TOOL_MODELS, without it; or what turns them on at the service."
        try:
            heard = await self._ask(TIME, tools=[CURRENT_TIME])
        except ChatError as exc:
            return fault(f"It takes no tools: {exc.message}", advice)
        if not heard.calls:
            said = " ".join(heard.text.split())[:SHOWN]
            return note(
                f"It takes tools, and did not call the one that it was told to use. It said: {said!r}.", advice
            )
        if not isinstance(heard.calls[0].arguments, dict):
            return note(f"It calls tools, but not as they are described: {str(heard.calls[0].arguments)[:SHOWN]!r}.")
        return ok("It calls tools.")


def _hear(heard: Heard, event: chunks.Event, after: float) -> None:
    match event:
        case chunks.Text(text) | chunks.Refusal(text):
            heard.text += text
            heard.pieces += 1
        case chunks.Calls(calls):
            heard.calls = calls
        case chunks.Reasoning():
            heard.has_reasoned = True
            heard.pieces += 1
        case chunks.Finish(reason):
            heard.finish_reason = reason
        case chunks.Usage():
            heard.usage = event
        case chunks.Done():
            heard.is_done = True
    if heard.pieces == 1 and not heard.first_after:
        heard.first_after = after


def _words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _red() -> str:
    """A red square of 64 pixels, as a PNG (https://www.w3.org/TR/png/) in a URL."""
    side = 64
    rows = (b"\0" + b"\xff\0\0" * side) * side
    chunks_of_png = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks_of_png
    )
    return f"data:image/png;base64,{b64encode(png).decode()}"
