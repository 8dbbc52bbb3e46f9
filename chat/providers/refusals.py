"""What a service's refusal means: our sentence for its status, and how long it asks to wait."""

import email.utils
import logging
import math
import re
import time
from collections.abc import Iterable
from contextlib import suppress

import aiohttp

from chat.conf import settings
from chat.errors import UpstreamBroke, UpstreamBusy, UpstreamError, UpstreamRefused
from chat.i18n import gettext_noop as _
from chat.providers.configuration import Provider
from chat.providers.registry import registry

logger = logging.getLogger(__name__)

TOO_LONG = _("The conversation has become too long for this model. Start a new one, or choose another model.")
CONTEXT = re.compile("context[ _](?:length|size|window)", re.IGNORECASE)
"""As LM Studio and llama.cpp say, in a stream that has begun, that a prompt is too long for the model."""
REPORTED = 10_000
"""So many characters of an error are looked at."""
LOGGED = 500
"""Characters of an upstream's words that go to the log."""


def refusal(
    response: aiohttp.ClientResponse, text: str, provider: Provider, parameters: Iterable[str]
) -> UpstreamRefused:
    """Our sentence for the upstream's status; its own words go to the log. `parameters` were chosen by the user."""
    status = response.status
    logger.warning("%s answered %s: %r", provider.in_log, status, masked(text))
    wait = retry_after(response.headers.get("retry-after"), time.time())
    if status in (401, 403):
        return UpstreamRefused(
            _("The model's service does not accept this site's key. Please tell the administrator."),
            code="upstream_key",
        )
    if status == 404:
        return UpstreamRefused(
            _("The model's service does not know this model. Choose another, or tell the administrator."),
            code="upstream_model",
        )
    if status == 413 or (status == 400 and "context" in text.lower()):
        return UpstreamRefused(TOO_LONG, code="upstream_too_long")
    if status == 429:
        return _busy(wait)
    if 300 <= status < 400:
        return UpstreamRefused(
            _(
                "The model's service answered from another address, which this site does not follow. "
                "Please tell the administrator."
            ),
            code="upstream_redirect",
        )
    if status >= 500 or status in (408, 409):
        return UpstreamRefused(
            _("The model's service has a problem of its own. Try again in a moment."), code="upstream_down"
        )
    if status in (400, 422) and any(name in text for name in parameters):
        return UpstreamRefused(
            _(
                "This model takes no temperature, or no token limit, of this kind. "
                "Empty them in the settings of this conversation, or choose another model."
            ),
            code="upstream_options",
        )
    return UpstreamRefused(_("The model's service refused the request. Please tell the administrator."))


def reported(service: str, data: str, error: object) -> UpstreamError:
    """What an error in the middle of a stream means: here a service that has said 200 can say why it cannot go on."""
    logger.warning("%s reported an error in its answer: %r", service, masked(data))
    code = error.get("code") if isinstance(error, dict) else None
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


def masked(words: str) -> str:
    """An upstream's words for the log: cut, and without any key of ours should it repeat one."""
    keys = {settings.OPENAI_API_KEY, *(provider.api_key for provider in registry().providers)}
    for key in sorted(keys - {""}, key=len, reverse=True):
        words = words.replace(key, "[key]")
    return words[:LOGGED]
