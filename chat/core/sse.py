"""Server-sent events: encode what we send, decode what the upstream sends.

Theory (WHATWG HTML, section 9.2, "Server-sent events"). A stream is UTF-8 lines, ended by LF, CR or CRLF. A line
is a field: its name, a colon, perhaps one space, its value. `data` lines add up, an empty line dispatches the
event, a line that begins with a colon is a comment. Since a bare CR or LF would end a line, nothing that a model or
a user wrote may stand in a frame's own syntax: we put it in JSON, which escapes both.

An id counts from the dispatch of its event on. There are clients that take it as soon as they read it, and would lose
an event that is cut behind it: in our frames it stands last.

This module is pure: bytes and values in, values and bytes out.
"""

import codecs
import json
import re
from json.encoder import encode_basestring
from typing import NamedTuple

KEEP_ALIVE = b": keep-alive\n\n"
"""A comment. Sent at least every 15 s, so that proxies and browsers know the stream is alive."""

_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def frame(event: str, data: dict[str, object], position: int | None = None) -> bytes:
    """One event: `data` as one line of JSON, `position` as its id."""
    tail = "" if position is None else f"id: {position}\n"
    return f"event: {event}\ndata: {_encode_json(data)}\n{tail}\n".encode()


def text_frame(event: str, text: str, position: int) -> bytes:
    """As `frame` for `{"text": text}`, at a third of its cost: what nearly all frames are."""
    return f'event: {event}\ndata: {{"text":{encode_basestring(text)}}}\nid: {position}\n\n'.encode()


def retry(milliseconds: int) -> bytes:
    """How long a client waits before it reconnects."""
    return b"retry: %d\n\n" % milliseconds


def position_after(last_event_id: str | None, after: str | None) -> int | None:
    """The position a follower asks for, from `Last-Event-ID` or, if that is absent, from `?after=`.

    None if what it gave is not a whole number: it then needs a `reset`. 0 if it gave neither.
    """
    value = last_event_id if last_event_id is not None else after
    if value is None:
        return 0
    return int(value) if re.fullmatch("[0-9]{1,18}", value) else None


class Event(NamedTuple):
    """One dispatched event; `event` is "message" where the stream named none."""

    event: str
    data: str
    last_event_id: str = ""


class Decoder:
    """Bytes in any pieces -> events, as the WHATWG standard interprets a stream.

    Invalid UTF-8 becomes U+FFFD, as the standard asks. An event that the end of the stream cuts off is dropped.
    """

    def __init__(self, limit: int = 0) -> None:
        """`limit`: how many characters an event may have; 0: any number."""
        self._limit = limit
        self._size = 0
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = False
        self._after_cr = False
        self._line: list[str] = []
        self._event = ""
        self._data: list[str] = []
        self._last_event_id = ""

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. Raises ValueError if one grows over the limit."""
        text = self._utf8.decode(data)
        if not text:
            return []
        self._size += len(text)
        if not self._begun:
            self._begun = True
            text = text.removeprefix("\ufeff")
        if self._after_cr:
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r")
        if events := self._plain(text):
            self._size = 0
            return events
        *lines, rest = re.split("\r\n|\n|\r", text)
        if lines:
            lines[0] = "".join([*self._line, lines[0]])
            self._line = []
        if rest:
            self._line.append(rest)
        events = [event for line in lines if (event := self._interpret(line))]
        if events:
            self._size = 0
        if self._limit and self._size > self._limit:
            raise ValueError("an event of the stream is too large")
        return events

    def _plain(self, text: str) -> list[Event]:
        """The short way, for whole events of one data line each, which is what nearly every piece is made of.

        The piece may end within a line, and begin with the rest of that.
        """
        end = text.rfind("\n\n")
        if end < 0 or self._event or self._data or "\r" in text:
            return []
        if self._line:
            begun = "".join(self._line)
            text, end = begun + text, len(begun) + end
        whole, rest = text[:end], text[end + 2 :]
        if not whole.startswith("data: ") or "\n" in rest:
            return []
        blocks = whole[len("data: ") :].split("\n\ndata: ")
        if whole.count("\n") != 2 * (len(blocks) - 1):
            return []
        self._line = [rest] if rest else []
        return [Event("message", block, self._last_event_id) for block in blocks]

    def _interpret(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._last_event_id = value
        return None

    def _dispatch(self) -> Event | None:
        event, self._event = self._event or "message", ""
        if not self._data:
            return None
        data, self._data = "\n".join(self._data), []
        return Event(event, data, self._last_event_id)
