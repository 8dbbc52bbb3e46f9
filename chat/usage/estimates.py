"""What a run has used about whose service did not say it, or nobody heard: by what is stored of it."""

from chat.conf import settings
from chat.core.reply import REASONING, TEXT, Part, Reply
from chat.core.tokens import BYTES_PER_TOKEN, NO_TOKENS, Tokens, estimated
from chat.core.tool_parts import CALL, RESULT
from chat.models import Generation
from chat.models.branches import characters_above
from chat.providers.registry import registry

WRITTEN_BY_MODELS = (TEXT, REASONING, CALL)


def estimate(generation: Generation, reply: Reply) -> Tokens:
    """Of a run that has written this reply from its `begins_at` on; each round of tools sends all before it again."""
    message, system = generation.message, len(settings.CHAT_SYSTEM_PROMPT)
    before = _size(reply.until(generation.begins_at).parts())
    prompt = system + characters_above(message.conversation_id, message.pk) + before
    return estimate_rounds(generation.model, prompt, reply.since(generation.begins_at))


def estimate_rounds(model: str, prompt: int, parts: list[Part]) -> Tokens:
    """`prompt`: the characters of the first; `parts`: what the run has added to its reply."""
    most = _most_prompt(model)
    tokens, sent, written, thought, is_asked_again = NO_TOKENS, min(prompt, most), 0, 0, False
    for part in parts:
        if part.kind == RESULT:
            is_asked_again = True
        elif part.kind in WRITTEN_BY_MODELS and is_asked_again:
            tokens += estimated(sent, written, thought)
            sent, written, thought, is_asked_again = min(prompt, most), 0, 0, False
        if part.kind in WRITTEN_BY_MODELS:
            written += len(part.text)
        if part.kind == REASONING:
            thought += len(part.text)
        else:
            prompt += len(part.text)
    return tokens + estimated(sent, written, thought)


def _most_prompt(model: str) -> int:
    """Characters that a prompt has room for."""
    known = registry().find(model)
    tokens = settings.CHAT_CONTEXT_TOKENS if known is None or known.prompt_tokens is None else known.prompt_tokens
    return int(tokens) * BYTES_PER_TOKEN or 2**31


def _size(parts: list[Part]) -> int:
    return sum(len(part.text) for part in parts if part.kind != REASONING)
