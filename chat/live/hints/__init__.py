"""Hints: that something has changed, told to the pages that are open, so that none has to ask whether.

Theory. A hint says what to ask for and nothing of what is in it: `list` (the list of conversations, or one entry of
it), `conversation` (a message is being written there). Whoever changes something tells its owner's open streams after
the transaction is committed; who reads a hint asks for what it shows. So a hint that is lost, late or doubled costs a
request or a moment, and never shows what is not there.

A stream is told from any thread and waits for one future: while nothing happens it costs nothing but its memory. What
is pending for a slow reader is kept once for each thing, and bounded (`pending`). What keeps streams alive, and what
asks whether they are still allowed, is one task for all of a process. Positions (`history`) let whoever comes back, or
opens a page, learn whether anything has been told in between.

Where there is a Redis, other processes on the same database are told as well, all of them, and look whom they have a
stream of. Without one they are told by the database, some seconds later (`stored`).
"""

from chat.live.hints.follow import follow_hints
from chat.live.hints.registry import close, entry_changed, list_changed, now, open_to_others, saw_others, went_on
from chat.live.hints.stream import HintStream

__all__ = [
    "HintStream",
    "close",
    "entry_changed",
    "follow_hints",
    "list_changed",
    "now",
    "open_to_others",
    "saw_others",
    "went_on",
]
