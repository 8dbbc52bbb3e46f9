"""What other apps may listen to (docs/app.md).

`message_asked` and `generation_ended` are sent after what they tell of is committed, one after the other in a thread
of their own, which may use the database. A slow receiver holds up those that come after it, and no answer; what
takes long belongs into a queue of tasks. What a receiver raises is logged, and goes no further. They are sent with:

- `message_asked`: sender Message; `message`, `generation` (of its answer), and the ids `message_id`,
  `conversation_id`, `generation_id` and `owner_id`. A question that is sent again joins its answer, and is asked once.
- `generation_ended`: sender Generation; `generation`, whose `status` says how, and the ids `generation_id`,
  `message_id`, `conversation_id` and `owner_id`. Once, by whichever process ended it.

`erased` is sent while something is erased, in its transaction, so that what others hold of it goes at the same time or
not at all; what a receiver raises stops it. The sender is Conversation or the project's user model; `ids` are those of
its rows, which are still there.
"""

import logging
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from chat.models.threads import Pool

logger = logging.getLogger(__name__)

message_asked = Signal()
generation_ended = Signal()
erased = Signal()

# One thread, so that receivers hear of an answer after they have heard of its question.
_thread = Pool("signals")


def announce(signal: Signal, sender: type, **named: Any) -> None:
    """Send it once the transaction is committed, if any. Where nobody listens it costs nothing."""
    if signal.has_listeners(sender):
        transaction.on_commit(lambda: _send_soon(signal, sender, named))


def _send_soon(signal: Signal, sender: type, named: dict[str, Any]) -> None:
    _thread.submit(_send, signal, sender, named)


def _send(signal: Signal, sender: type, named: dict[str, Any]) -> None:
    try:
        signal.send_robust(sender, **named)
    except Exception:  # Django fails at naming a receiver that is no function, of which it would log the error
        logger.exception("A receiver of a signal failed")
