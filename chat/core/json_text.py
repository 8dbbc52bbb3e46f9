"""JSON as people read it: in lines, with its tokens as they are. Pure.

Nothing is read and written anew, for that would say other things than were sent: large numbers, repeated keys.
static/chat/js/lib/json_text.js does the same.
"""

import json
import re
from typing import Any

DEEPEST = 12
"""Deeper than that it is shown as it came: each level takes two spaces of each line."""
SHOWN = 2_000
"""Characters of a text that are shown before somebody asks for more."""

BEGINNING = re.compile(r"[ \t\r\n]*[{\[]")
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+')
OPENING, CLOSING = ("{", "["), ("}", "]")
UNSEEN = re.compile(
    r"[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f]"
)
"""By which a text can look like another one: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing"""


def compact(value: Any) -> str:
    """As it stands in a part of a reply, and in its event."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def indented(text: str) -> str:
    """An object or a list in lines; anything else as it is."""
    if not BEGINNING.match(text) or not _is_json(text):
        return text
    depth, previous, lines = 0, "", list[str]()
    for piece in TOKENS.findall(text):
        depth -= piece in CLOSING
        is_empty = piece in CLOSING and previous in OPENING
        if not is_empty and (piece in CLOSING or previous in (*OPENING, ",")):
            lines.append("\n" + "  " * depth)
        lines.append(": " if piece == ":" else piece)
        depth += piece in OPENING
        if depth > DEEPEST:
            return text
        previous = piece
    return "".join(lines)


def visible(text: str) -> str:
    """With what cannot be seen, and turns the order of what can, written as JSON would write it."""
    return UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def cut(text: str) -> tuple[str, str]:
    """What is shown of it at once, in whole lines if it has any, and the rest."""
    if len(text) <= SHOWN:
        return text, ""
    end = text.rfind("\n", 0, SHOWN) + 1 or SHOWN
    return text[:end], text[end:]


def _is_json(text: str) -> bool:
    """As the standard has it, which knows no NaN."""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return False
    return True


def refuse_constant(constant: str) -> None:
    """For `json.loads`, of NaN and Infinity: JSON knows neither, and browsers read none. Raises ValueError."""
    raise ValueError(constant)
