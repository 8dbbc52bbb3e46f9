"""What holds of every ending, whatever it is."""

from chat.core.reply import REASONING
from chat.models import Generation
from tests.support.sse import Page


def ending(page: Page) -> tuple[str, str, str]:
    """Status, finish reason and code, after a look at what must hold of every ending."""
    end, start = page.end, page.start
    assert end
    assert start
    assert set(end) == {"status", "finish_reason", "usage", "reasoning_ms", "code", "message"}
    assert (end["message"] == "") == (end["status"] == "complete")
    generation = Generation.objects.get(pk=start["generation"])
    stored = (generation.status, generation.finish_reason, generation.code)
    assert stored == (end["status"], end["finish_reason"], end["code"])
    parts = generation.message.reply.parts()
    reasoning = "".join(part.text for part in parts if part.kind == REASONING)
    assert (generation.message.text, reasoning) == (page.text, page.reasoning)
    assert generation.ends_at == page.position
    return stored
