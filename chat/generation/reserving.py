"""What a run reserves while it goes on: each further request to its model, and what goes past an estimate.

Before the first request its answer is reserved with the question (chat/conversations/answers.py). After that a run
knows what it has used so far, by report or estimate; what it reserves is that, and the most that comes next.
"""

import logging
from dataclasses import replace

from chat.core.endings import Ending, Status
from chat.core.quotas import most_of
from chat.core.tokens import Tokens
from chat.failures import log_failure, unavailable
from chat.generation.run import Run
from chat.i18n import gettext_noop as _
from chat.models.threads import write_in_database
from chat.usage.quotas import extend

logger = logging.getLogger(__name__)

NO_QUOTA = Ending(
    Status.LENGTH,
    "quota",
    _("Your quota has no room for more of this answer. What there is is kept; continue it once there is room again."),
)


async def reserve_request(run: Run, prompt: int) -> bool:
    """For one more request, whose prompt was estimated to have so many tokens. False if there is no room for it."""
    reserved = run.reserved
    return not reserved or await _reserve(run, run.tokens + most_of(prompt, reserved.output))


async def reserve_prompt(run: Run, prompt: int) -> bool:
    """For the first request, whose prompt turns out to be longer than what was reserved with the question."""
    reserved = run.reserved
    needed = most_of(prompt, 0).input
    if not reserved or needed <= reserved.tokens.input:
        return True
    return await _reserve(run, replace(reserved.tokens, input=needed))


async def reserve_more(run: Run) -> bool:
    """For the rest of a response that has become longer than its model was told to make it."""
    reserved = run.reserved
    if not reserved:
        return True
    used, spent = run.tokens, run.spent
    prompt = max(used.input, reserved.tokens.input) - spent.input
    answer = used.output - spent.output + reserved.output
    # Each request by itself: the price of long prompts is not that of many short ones.
    return await _reserve(run, spent + Tokens(prompt, 0, answer, is_estimated=True))


async def _reserve(run: Run, tokens: Tokens) -> bool:
    """A database that is away says no more than the answer's own end will: nobody waits for it here."""
    assert run.reserved
    try:
        if not await write_in_database(extend, run.generation, tokens):
            return False
    except Exception as exc:
        if not unavailable(exc):
            raise
        log_failure(logger, exc, "generation %s goes on without reserving more", run.id)
    run.reserved = replace(run.reserved, tokens=tokens)
    run.find_reserved_room()
    return True
