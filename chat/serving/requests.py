"""A request that lets go of what was sent with it.

Each is part of cycles (its messages know it, and so does its nonce), which the garbage collector finds late here: the
bodies of 20 requests of 2 MB were all in memory afterwards. So what refers back to it goes, too, once it is answered:
the collector had 220 objects of each page to look at, and has none.
"""

from typing import TYPE_CHECKING

from django.core.handlers.asgi import ASGIRequest
from django.http import QueryDict

if TYPE_CHECKING:
    from chat.serving.account_threads import Turn


REFER_BACK = ("_messages", "auser", "csp_nonce")
"""What middleware gives a request that refers to it again."""


class Request(ASGIRequest):
    turn: "Turn | None" = None
    """Where it has a thread of its own, for which others wait."""

    def end_turn(self) -> None:
        """What follows hashes nothing and asks no provider. To be called on the event loop."""
        if self.turn:
            self.turn.end()

    def close(self) -> None:
        """It is answered."""
        super().close()
        self._body = b""
        self._post = QueryDict()
        for name in REFER_BACK:
            vars(self).pop(name, None)
