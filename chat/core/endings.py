"""What becomes of a generation: it runs, or has ended in one of nine ways (docs/protocol.md, "Endings")."""

from dataclasses import dataclass, replace
from enum import StrEnum

from chat.errors import UpstreamBroke
from chat.i18n import gettext_noop as _
from chat.i18n import said_of


class Status(StrEnum):
    """`running`, or one of the nine endings."""

    RUNNING = "running"
    COMPLETE = "complete"
    LENGTH = "length"
    FILTERED = "filtered"
    REFUSED = "refused"
    STOPPED = "stopped"
    TRUNCATED = "truncated"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    WAITING = "waiting"
    """For the user's yes: nothing runs, and it keeps (chat/core/tool_parts.py)."""


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
    Status.WAITING: _("waits for a yes"),
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
    Status.WAITING: _("The model wants to do something that needs your yes."),
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


BAD_ENDS = {
    Status.LENGTH: (
        "length max_tokens max_output_tokens max_completion_tokens max_length token_limit "
        "model_length model_context_window_exceeded context_length_exceeded"
    ),
    Status.FILTERED: (
        "content_filter content_filtered content_filter_error safety image_safety recitation blocklist "
        "prohibited_content spii sensitive guardrail_intervened moderation error_toxic"
    ),
    Status.REFUSED: "refusal refused",
    Status.FAILED: (
        "error server_error internal_error network_error failed abort aborted cancelled canceled timeout unload "
        "insufficient_system_resource rate_limit rate_limit_exceeded malformed_function_call malformed_response"
    ),
}
"""Finish reasons that are no good end: OpenAI's, and what others say in their place.

Of Anthropic, Bedrock, Cohere, DeepSeek, Gemini, Mistral, Ollama, OpenRouter, SGLang, vLLM and Zhipu.
"""

_BAD_END = {reason: status for status, reasons in BAD_ENDS.items() for reason in reasons.split()}


def bad_end(finish_reason: str) -> Status | None:
    """What this reason makes of an answer; None for a good end, or one that we do not know.

    Services write them `MAX_TOKENS`, `content-filter`, `content_filter: PROHIBITED_CONTENT`, `FINISH_REASON_SAFETY`.
    """
    word = finish_reason.partition(":")[0].strip().lower().replace("-", "_")
    return _BAD_END.get(word.removeprefix("finish_reason_"))


def graver(before: str, reason: str) -> str:
    """The finish reason to believe where a stream gives two: a good end takes nothing back from a bad one."""
    return before if bad_end(before) and not bad_end(reason) else reason


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
    if (bad := bad_end(finish_reason)) == Status.FAILED:
        return Ending(Status.FAILED, UpstreamBroke.code, UpstreamBroke.reported)
    if bad:
        return Ending(bad)
    if has_text:
        return Ending(Status.COMPLETE)
    return Ending(Status.FAILED, "empty_answer", _("The model ended its answer without a word. Try again."))
