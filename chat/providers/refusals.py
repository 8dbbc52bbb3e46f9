"""What a service's refusal means: our sentence for its status, and how long it asks to wait."""

import email.utils
import logging
import math
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from chat.errors import NoCredit, UpstreamBroke, UpstreamBusy, UpstreamError, UpstreamRefused
from chat.failures import log_repeated
from chat.failures.subject import about
from chat.i18n import gettext_noop as _
from chat.providers.configuration import Model
from chat.providers.log import log_service, masked, setting_of_address, setting_of_key, setting_of_models

logger = logging.getLogger(__name__)

TOO_LONG = _("The conversation has become too long for this model. Start a new one, or choose another model.")
CONTEXT = re.compile("context[ _](?:length|size|window)", re.IGNORECASE)
"""As LM Studio and llama.cpp say, in a stream that has begun, that a prompt is too long for the model."""
REPORTED = 10_000
"""So many characters of an error are looked at."""
NO_CREDIT = re.compile("insufficient_quota|billing_hard_limit_reached|insufficient[ _]balance", re.IGNORECASE)
"""As OpenAI, Azure, Moonshot and DeepSeek say that the account behind the key has to pay."""
NO_TOOLS = re.compile("tool|function[ _]?call", re.IGNORECASE)
"""As all say that a model, or its server as it was started, takes none, or not these. "... does not support tools"
(Ollama), `"auto" tool choice requires --enable-auto-tool-choice` (vLLM, SGLang), "tools param requires --jinja flag"
(llama.cpp), "No endpoints found that support tool use" (OpenRouter), "Unsupported parameter: 'tools'" (OpenAI)."""
NO_TOOLS_STATUSES = (400, 404, 422, 500, 501)


def refusal(response: aiohttp.ClientResponse, text: str, model: Model, parameters: Iterable[str]) -> UpstreamRefused:
    """Our sentence for the upstream's status; its own words go to the log. `parameters` were chosen by the user, or
    are `tools`.
    """
    wait = retry_after(response.headers.get("retry-after"), time.time())
    meaning = _meaning(response.status, text, model, wait, list(parameters))
    said = f"answered {response.status}: {masked(text)!r}"
    log_service(logger, model.provider, meaning.cause, said, meaning.advice, model=model.name, level=meaning.level)
    return meaning.error


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a refusal is to the user, and to whoever runs the site."""

    error: UpstreamRefused
    cause: str
    advice: str = ""
    level: int = logging.ERROR


def _meaning(status: int, text: str, model: Model, wait: float | None, parameters: list[str]) -> Meaning:
    if has_no_credit(status, text):
        return _no_credit()
    if status in (401, 403):
        return _key_not_accepted(model)
    if _takes_no_tools(status, text, model, parameters):
        return _no_tools(model)
    if status == 404:
        return _no_model(model)
    if status == 413 or (status == 400 and "context" in text.lower()):
        return _too_long()
    if status == 429:
        return _over_limit(wait)
    if 300 <= status < 400:
        return _elsewhere(model)
    if status >= 500 or status in (408, 409):
        return _broken()
    if status in (400, 422) and any(name in text for name in parameters):
        return _no_such_options(parameters)
    return _refused()


def _no_credit() -> Meaning:
    advice = "Nothing is asked twice for it. Pay its bill, or raise its limit, at the service."
    return Meaning(NoCredit(), "The account has no credit", advice)


def _key_not_accepted(model: Model) -> Meaning:
    sentence = _("The model's service does not accept this site's key. Please tell the administrator.")
    variable = setting_of_key(model.provider)
    return Meaning(
        UpstreamRefused(sentence, code="upstream_key"),
        "The key is not accepted",
        f"Set {variable} to one that may use this model there, and restart.",
    )


def _no_tools(model: Model) -> Meaning:
    sentence = _(
        "This model cannot be given the tools of this site. "
        "Turn them off in this conversation, or choose another model."
    )
    return Meaning(
        UpstreamRefused(sentence, code="upstream_tools"),
        f"The model {model.name} takes no tools, or not as they are described",
        "`manage.py tools` says how they are. If it calls none, leave it out of CHAT_TOOL_MODELS, or `tools` "
        "out of CHAT_PROVIDERS; at vLLM, SGLang and llama.cpp an option turns them on.",
    )


def _no_model(model: Model) -> Meaning:
    sentence = _("The model's service does not know this model. Choose another, or tell the administrator.")
    return Meaning(
        UpstreamRefused(sentence, code="upstream_model"),
        f"There is no model {model.name}",
        f"Name one that the service has in {setting_of_models(model)}, or correct "
        f"{setting_of_address(model.provider)}, which mostly ends in /v1; then restart.",
    )


def _too_long() -> Meaning:
    return Meaning(
        UpstreamRefused(TOO_LONG, code="upstream_too_long"),
        "A conversation is too long for the model",
        "If that happens often, say how long they may be: CHAT_CONTEXT_TOKENS, or `context` in CHAT_PROVIDERS.",
        logging.WARNING,
    )


def _over_limit(wait: float | None) -> Meaning:
    advice = "If it goes on, raise the limits of the account at the service."
    return Meaning(_busy(wait), "The service is over a limit", advice, logging.WARNING)


def _elsewhere(model: Model) -> Meaning:
    sentence = _(
        "The model's service answered from another address, which this site does not follow. "
        "Please tell the administrator."
    )
    return Meaning(
        UpstreamRefused(sentence, code="upstream_redirect"),
        "The address leads elsewhere",
        f"Set {setting_of_address(model.provider)} to where it leads, and restart.",
    )


def _broken() -> Meaning:
    sentence = _("The model's service has a problem of its own. Try again in a moment.")
    cause = "The service has a problem of its own"
    return Meaning(UpstreamRefused(sentence, code="upstream_down"), cause, level=logging.WARNING)


def _no_such_options(parameters: list[str]) -> Meaning:
    sentence = _(
        "This model takes no temperature, or no token limit, of this kind. "
        "Empty them in the settings of this conversation, or choose another model."
    )
    return Meaning(
        UpstreamRefused(sentence, code="upstream_options"),
        "The model does not take what a user has set",
        f"With CHAT_PROVIDERS, `parameters` says what it takes: {', '.join(parameters)} were sent.",
        logging.WARNING,
    )


def _refused() -> Meaning:
    sentence = _("The model's service refused the request. Please tell the administrator.")
    return Meaning(
        UpstreamRefused(sentence), "The request is refused", "`manage.py checkmodel` says what the model takes."
    )


def has_no_credit(status: int, text: str) -> bool:
    """Is it a bill, and not a limit that passes? As OpenAI says it with 429 and others with 402."""
    return status == 402 or (status == 429 and bool(NO_CREDIT.search(text[:REPORTED])))


def _takes_no_tools(status: int, text: str, model: Model, parameters: list[str]) -> bool:
    """Is it the tools that are refused? The model's own name may have the word in it."""
    said = text[:REPORTED].replace(model.name, "")
    return "tools" in parameters and status in NO_TOOLS_STATUSES and bool(NO_TOOLS.search(said))


def reported(service: str, data: str, error: object) -> UpstreamError:
    """What an error in the middle of a stream means: here a service that has said 200 can say why it cannot go on."""
    log_repeated(
        logger, logging.WARNING, service, "%s reported an error in its answer: %r%s", service, masked(data), about()
    )
    code = error.get("code") if isinstance(error, dict) else None
    if NO_CREDIT.search(data[:REPORTED]):
        return NoCredit()
    if code in (429, "429", "rate_limit_exceeded"):
        return UpstreamBusy()
    if code == "context_length_exceeded" or CONTEXT.search(data[:REPORTED]):
        return UpstreamRefused(TOO_LONG, code="upstream_too_long")
    return UpstreamBroke(UpstreamBroke.reported)


def _busy(wait: float | None) -> UpstreamBusy:
    """`wait`: seconds, where it said how many."""
    if not wait:
        return UpstreamBusy()
    if wait < 90:
        return UpstreamBusy(UpstreamBusy.seconds, values={"number": max(1, math.ceil(wait))})
    if wait < 5400:
        return UpstreamBusy(UpstreamBusy.minutes, values={"number": math.ceil(wait / 60)})
    return UpstreamBusy(UpstreamBusy.hours if wait < 86_400 else UpstreamBusy.days)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, section 10.2.3): a number or a date; None without one."""
    if value is None:
        return None
    with suppress(ValueError):
        seconds = float(value)
        return max(0.0, seconds) if not math.isnan(seconds) else None
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None
