"""How a stream from the upstream has ended (docs/protocol.md, "Endings"). Pure."""

from dataclasses import dataclass

from chat.errors import UpstreamBroke
from chat.i18n import gettext_noop as _
from chat.models.generation import Status


@dataclass(frozen=True, slots=True)
class Ending:
    """A status, and the code and the sentence that are stored with it."""

    status: Status
    code: str = ""
    error: str = ""


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
