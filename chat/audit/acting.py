"""Who acts: said once, where a request begins, for what is noted far below it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_actor: ContextVar[str] = ContextVar("chat_audit_actor", default="")


@contextmanager
def acting(user: Any) -> Iterator[None]:
    """What is noted in this block, and names nobody else, is an act of this user. Nobody who is not logged in acts."""
    token = _actor.set("" if getattr(user, "pk", None) is None else str(user.pk))
    try:
        yield
    finally:
        _actor.reset(token)


def actor_key() -> str:
    """The id of who acts, as text; empty: the program by itself, or a command."""
    return _actor.get()
