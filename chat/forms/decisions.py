"""Decisions on calls of tools that wait for one."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest

from chat.conversations.turns import Answered
from chat.core.limits import COMMENT_CHARACTERS
from chat.core.reply import storable
from chat.core.tool_parts import NO, YES
from chat.errors import BadInput
from chat.forms.body import posted_by_form
from chat.i18n import gettext_noop as _

MOST = 1_000
ANSWER, REASON = "answer.", "reason."
"""Before a call's id, in what a plain form posts."""


def read_decisions(request: HttpRequest, sent: Mapping[str, Any]) -> tuple[Answered, ...]:
    """`decisions`: a list of `call`, `answer`, and perhaps a `reason`; of a plain form what it posts for each call.

    None of a request that decides nothing. Raises BadInput.
    """
    given = list(_posted(sent)) if posted_by_form(request) else sent.get("decisions")
    if given is None or (given == [] and posted_by_form(request)):
        return ()
    if not isinstance(given, list) or not 0 < len(given) <= MOST:
        raise _fault(_("This is not a list of decisions."))
    return tuple(map(_read, given))


def _posted(sent: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for name, value in sent.items():
        if name.startswith(ANSWER):
            call = name.removeprefix(ANSWER)
            yield {"call": call, "answer": value, "reason": sent.get(REASON + call, "")}


def _read(given: object) -> Answered:
    if not isinstance(given, dict) or not isinstance(given.get("call"), str):
        raise _fault(_("A decision does not name its call."))
    if given.get("answer") not in (YES, NO):
        raise _fault(_("A decision is yes or no."))
    reason = given.get("reason") or ""
    if not isinstance(reason, str):
        raise _fault(_("A reason is a text."))
    if len(reason) > COMMENT_CHARACTERS:
        raise _fault(_("A reason is too long."))
    return Answered(given["call"], given["answer"], storable(reason).strip())


def _fault(sentence: str) -> BadInput:
    return BadInput(sentence, fields={"decisions": sentence})
