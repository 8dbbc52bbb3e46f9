"""What becomes of a generation: it runs, or has ended in one of eight ways (docs/protocol.md, "Endings")."""

from dataclasses import dataclass, replace
from enum import StrEnum

from chat.errors import UpstreamBroke
from chat.i18n import gettext_noop as _
from chat.i18n import said_of


class Status(StrEnum):
    """`running`, or one of the eight endings."""

    RUNNING = "running"
    COMPLETE = "complete"
    LENGTH = "length"
    FILTERED = "filtered"
    REFUSED = "refused"
    STOPPED = "stopped"
    TRUNCATED = "truncated"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


LABELS = {
    Status.RUNNING: _("being written"),
    Status.COMPLETE: _("complete"),
    Status.LENGTH: _("cut at the length limit"),
    Status.FILTERED: _("cut by the content filter"),
    Status.REFUSED: _("refused by the model"),
    Status.STOPPED: _("stopped by the user"),
    Status.TRUNCATED: _("cut by the model's service"),
    Status.INTERRUPTED: _("interrupted by a restart"),
    Status.FAILED: _("failed"),
}
"""What a status is called, by people who cannot do anything about it."""

SENTENCES = {
    Status.LENGTH: _("The answer reached its length limit."),
    Status.FILTERED: _("The model's content filter cut the answer off."),
    Status.REFUSED: _("The model declined to answer."),
    Status.STOPPED: _("You stopped the answer."),
    Status.TRUNCATED: _("The connection to the model broke off before the answer was finished."),
    Status.INTERRUPTED: _("The server stopped while the answer was being written. What had arrived is kept."),
    Status.FAILED: _("The model could not answer. Try again in a moment."),
}
"""What the user reads under an answer that is not complete, unless the generation has a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A status, and the code and the sentence that are stored with it."""

    status: Status
    code: str = ""
    error: str = ""


INTERNAL = Ending(Status.FAILED, "internal", _("Something went wrong on this site. Please try again."))
"""The fault is ours."""


def named(ending: Ending, service: str) -> Ending:
    """As it is, or, where a service is at fault that has a name, with the name before its sentence."""
    if not service or ending == INTERNAL or ending.status not in (Status.FAILED, Status.TRUNCATED):
        return ending
    return replace(ending, error=said_of(service, ending.error or SENTENCES[ending.status]))


def ending_of(finish_reason: str, *, is_done: bool, is_refused: bool, has_text: bool) -> Ending:
    """The ending of a stream that broke no rule.

    `is_done`: it said `[DONE]`. `has_text`: it brought text; what an earlier generation had written does not count.
    """
    if not finish_reason and not is_done:
        if has_text:
            return Ending(Status.TRUNCATED)
        return Ending(Status.FAILED, UpstreamBroke.code, UpstreamBroke.sentence)
    if is_refused:
        return Ending(Status.REFUSED)
    if finish_reason == "length":
        return Ending(Status.LENGTH)
    if finish_reason == "content_filter":
        return Ending(Status.FILTERED)
    if has_text:
        return Ending(Status.COMPLETE)
    return Ending(Status.FAILED, "empty_answer", _("The model ended its answer without a word. Try again."))
