"""What a client reads from the site's streams: frames, strictly as docs/protocol.md says, and what a page holds."""

import json
from dataclasses import dataclass, field
from typing import Any

from chat.core import tool_parts
from chat.core.json_text import compact
from chat.core.reply import Part, Reply


@dataclass(frozen=True)
class Frame:
    """One block of lines. `id` is None where the frame has none; a comment has only `comment`."""

    raw: bytes
    event: str | None = None
    id: str | None = None
    data: Any = None
    retry: str | None = None
    comment: str | None = None


def read_frame(raw: bytes) -> Frame:
    """`raw` without the empty line that ends it."""
    fields: dict[str, Any] = {}
    for line in raw.decode().split("\n"):
        name, colon, value = line.partition(":")
        assert colon, f"A line that is no field: {line!r}"
        assert "\r" not in line, f"A bare CR in {line!r}"
        name = name or "comment"
        assert name in ("comment", "event", "id", "data", "retry"), f"An unknown field: {line!r}"
        assert name not in fields, f"Two {name} lines in one frame: {raw!r}"
        assert value.startswith(" "), f"No space after the colon: {line!r}"
        fields[name] = json.loads(value) if name == "data" else value[1:]
    return Frame(raw=raw, **fields)


class FrameReader:
    """Bytes in any pieces -> frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        return [read_frame(block) for block in blocks]


@dataclass
class Page:
    """What a page holds: it applies events as a browser does, and checks that positions agree with content."""

    parts: list[list[str]] = field(default_factory=list)
    position: int = 0
    start: dict[str, Any] | None = None
    end: dict[str, Any] | None = None
    must_reset: bool = False

    def apply(self, frame: Frame) -> None:
        if frame.event is None:
            return
        assert self.end is None, f"{frame.event} after the end"
        assert frame.event == "reset" or not self.must_reset, f"{frame.event} where only a reset can follow"
        self.must_reset = False
        if frame.event == "start":
            self.start = frame.data
            # It goes on from where the page is, or from the beginning after a reset.
            self.must_reset = frame.id != str(self.position)
            assert not self.must_reset or frame.id == "0"
        elif frame.event == "reset":
            assert frame.id == "0"
            self.parts, self.position = [], 0
        elif frame.event in ("text", "reasoning"):
            self._append(frame.event, frame.data["text"])
            assert frame.id == str(self.position), f"id {frame.id}, but the content ends at {self.position}"
        elif frame.event in tool_parts.KINDS:
            self.parts.append([frame.event, compact(frame.data)])
            self.position += 1
            assert frame.id == str(self.position), f"id {frame.id}, but the content ends at {self.position}"
        elif frame.event == "end":
            self.end = frame.data
            assert frame.id == str(self.position), f"end has id {frame.id}, the content ends at {self.position}"
        elif frame.event == "title":
            assert frame.id is None

    def _append(self, kind: str, text: str) -> None:
        assert text, "An empty piece"
        if self.parts and self.parts[-1][0] == kind:
            self.parts[-1][1] += text
        else:
            self.parts.append([kind, text])
        self.position += len(text)

    def tools(self, kind: str) -> list[dict[str, Any]]:
        """What it says of tools, of one kind."""
        return [json.loads(data) for name, data in self.parts if name == kind]

    @property
    def text(self) -> str:
        return Reply(Part(kind, text) for kind, text in self.parts).text

    @property
    def reasoning(self) -> str:
        return "".join(text for kind, text in self.parts if kind == "reasoning")
