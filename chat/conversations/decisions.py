"""What a user decides on calls that wait for a yes: all of them at once, by the transaction that continues the answer.

A yes is bound to these very calls, to this user, and to once: a call that has a decision waits no longer, and only
what was recorded here, in a row of its own, is decided on at all.
"""

import uuid
from collections.abc import Sequence

from django.utils import timezone

from chat.conversations.turns import Answered
from chat.core.reply import Part, Reply
from chat.core.tool_parts import NO, YES, Call, Decision, Outcome, pending, written
from chat.errors import BadInput, Conflict
from chat.i18n import gettext_noop as _
from chat.models import Message, MessagePart, ToolCall
from chat.models.tool_call import RUNNING, WAITING

NAMED = 3
"""Calls that a sentence names."""


def check_nothing_waits(message: Message) -> None:
    """Raises Conflict with the code `waiting`, which says what does."""
    if waiting := pending(message.reply.parts()):
        raise Conflict(
            _("This waits for your yes or no first: %(calls)s. Nothing was sent, and what you wrote is kept."),
            values={"calls": ", ".join(call.title for call in waiting[:NAMED])},
            code="waiting",
        )


def decide(message: Message, answers: Sequence[Answered]) -> frozenset[str]:
    """Store what was decided on all calls of `message` that wait, and have it in `message`. Returns those with a yes.

    Raises BadInput where the answers are not on these very calls, and Conflict where these can never run.
    """
    waiting = pending(message.reply.parts())
    _check_complete(waiting, answers)
    agreed = [each.call for each in answers if each.answer == YES]
    declined = list(filter(None, (_uuid(each.call) for each in answers if each.answer == NO)))
    rows = ToolCall.objects.filter(message=message, status=WAITING)
    if rows.filter(pk__in=filter(None, map(_uuid, agreed))).count() < len(agreed):
        raise Conflict(_("This was asked for elsewhere, so it cannot be done here."))
    now = timezone.now()
    rows.filter(pk__in=agreed).update(status=RUNNING, answer=YES, decided_at=now)
    rows.filter(pk__in=declined).update(status=Outcome.DECLINED, answer=NO, decided_at=now, ended_at=now)
    _append(message, _decisions(answers))
    return frozenset(agreed)


def _check_complete(waiting: Sequence[Call], answers: Sequence[Answered]) -> None:
    asked, given = {call.id for call in waiting}, {each.call for each in answers}
    if given - asked or len(given) < len(answers):
        raise _refused(_("A decision is on something that does not wait for one, or no longer. Reload the page."))
    if asked - given:
        raise _refused(_("Decide on all that waits; a part of it alone cannot be sent."))


def _refused(sentence: str) -> BadInput:
    return BadInput(sentence, fields={"decisions": sentence})


def _decisions(answers: Sequence[Answered]) -> list[Part]:
    """Those with one answer and one reason are one."""
    alike: dict[tuple[str, str], list[str]] = {}
    for each in answers:
        alike.setdefault((each.answer, each.reason if each.answer == NO else ""), []).append(each.call)
    return [written(Decision(tuple(calls), answer, reason)) for (answer, reason), calls in alike.items()]


def _uuid(call: str) -> uuid.UUID | None:
    """What a file has forged need not be one."""
    try:
        return uuid.UUID(call)
    except ValueError:
        return None


def _append(message: Message, parts: Sequence[Part]) -> None:
    stored, reply = message.mark, Reply(message.reply.parts())
    for part in parts:
        reply.append(part.kind, part.text)
    rows, _mark = reply.rows_since(stored)
    MessagePart.store([(message.pk, rows)])
    message.grow(rows)
