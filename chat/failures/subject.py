"""What a task or a request is about, for lines of those who know no more than that something failed."""

from contextvars import ContextVar

subject: ContextVar[str] = ContextVar("subject", default="")
"""As `generation 0b9f3a52-…`. Set at the beginning of a task that has a context of its own."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request in whose course something is logged; of our own making."""


def about(words: str = "") -> str:
    """`words` and what this is about, in brackets; empty where neither is known."""
    known = ", ".join(filter(None, (subject.get(), words)))
    return f" ({known})" if known else ""
