"""What compatible services send becomes what it says, wherever it is cut."""

from collections.abc import Iterable
from typing import Any

import pytest

from chat.core import sse
from chat.core.endings import Ending, Status, ending_of, graver
from chat.core.reply import REASONING, TEXT, Reply
from chat.core.think_tags import ThinkTags
from chat.errors import UpstreamError
from chat.providers.chunks import Done, Event, Finish, Reader, Reasoning, Refusal, Text, Usage
from tests.support.services import service_streams


class Heard:
    """What the engine makes of a stream, without the engine."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.reply, self.reason, self.usage, self.is_done = Reply(), "", Usage(None, None), False
        self._tags = ThinkTags()
        try:
            self._read(pieces)
            error = None
        except UpstreamError as exc:
            error = exc
        self._add(self._tags.rest())
        has_text = any(part.kind == TEXT for part in self.reply.parts())
        ended = ending_of(self.reason, is_done=self.is_done, is_refused=False, has_text=has_text)
        self.ending = Ending(Status.FAILED, error.code) if error else ended

    def _read(self, pieces: Iterable[bytes]) -> None:
        decoder, reader = sse.Decoder(), Reader()
        for piece in pieces:
            for event in reader.read(decoder.feed(piece)):
                self._hear(event)
                if self.is_done:
                    return

    def _hear(self, event: Event) -> None:
        match event:
            case Text(text):
                self._add(self._tags.split(text))
            case Reasoning(text) | Refusal(text):
                kind = REASONING if isinstance(event, Reasoning) else TEXT
                self._add([*self._tags.rest(), (kind, text)])
            case Finish(reason):
                self.reason = graver(self.reason, reason)
            case Usage():
                self.usage = event
            case Done():
                self.is_done = True

    def _add(self, pieces: list[tuple[str, str]]) -> None:
        for kind, text in pieces:
            self.reply.append(kind, text)

    @property
    def told(self) -> dict[str, Any]:
        usage = {"prompt_tokens": self.usage.prompt_tokens, "completion_tokens": self.usage.completion_tokens}
        return {
            "parts": [[part.kind, part.text] for part in self.reply.parts()],
            "status": self.ending.status,
            "finish_reason": self.reason,
            "usage": usage if any(usage.values()) else None,
            "code": self.ending.code,
        }


@pytest.mark.parametrize(("sent", "expected"), service_streams())
def test_a_services_stream_is_heard(sent: bytes, expected: dict[str, Any]) -> None:
    assert Heard([sent]).told == expected


@pytest.mark.parametrize(("sent", "expected"), service_streams())
def test_a_services_stream_is_heard_wherever_it_is_cut(sent: bytes, expected: dict[str, Any]) -> None:
    begin = sent.index(b"\n\n")
    for place in range(begin, len(sent), 4):
        assert Heard([sent[:place], sent[place:]]).told == expected, f"cut after {place} bytes"
    assert Heard(sent[place : place + 1] for place in range(len(sent))).told == expected
