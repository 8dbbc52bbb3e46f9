"""Which way a title goes (static/chat/js/lib/text_direction.js says the same). Pure.

A browser's `dir="auto"` goes by the first letter, which may be that of a name in code. Code and addresses are in Latin
letters in any language, so they say nothing of a direction: as in the paragraphs of an answer.
"""

import re
import unicodedata

LONGEST = 2_000
"""Characters. Who reads on has seen by then where it begins."""
RIGHT_TO_LEFT_MARK = "\u200f"
SAYS_NOTHING = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`?|https?://\S*"  # as it was written
    # What looks like code without saying so: `fs.read`, `user_id`, `main()`, `$HOME`, `--force`, `C++`, `readFile`.
    r"|(?<!\S)(?:[-$@#./\\<~]+[A-Za-z0-9]|[A-Za-z0-9]+[_.:/\\=@#(\[{<+*][!-~]|[a-z]+[A-Z])[!-~]*",
    re.DOTALL,
)


def title_direction(title: str) -> str:
    """`rtl`, or `auto` where the browser finds the right one."""
    letter = "" if title.isascii() else _first_letter(SAYS_NOTHING.sub(" ", title[:LONGEST]))
    return "rtl" if _is_right_to_left(letter) else "auto"


def marked_title(title: str) -> str:
    """For where no direction can be given, as in a tab: a mark goes before what begins with code."""
    if title_direction(title) == "rtl" and not _is_right_to_left(_first_letter(title)):
        return RIGHT_TO_LEFT_MARK + title
    return title


def _first_letter(text: str) -> str:
    return next(filter(str.isalpha, text), "")


def _is_right_to_left(letter: str) -> bool:
    return bool(letter) and unicodedata.bidirectional(letter) in ("R", "AL")
