"""A client of Redis, by its address: one that tries nothing twice."""

from importlib.util import find_spec
from typing import Any

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0


def fault_in_url(url: str) -> str:
    """What is wrong with the address of a Redis, to be said after the name of its setting; empty: nothing is.

    It does not say the address, which may bear a password.
    """
    if find_spec("redis") is None:
        return 'is set, but the package redis is not installed: pip install "redis>=8.1,<9" (the extra `redis`)'
    try:
        client_of(url).connection_pool.make_connection()  # which takes all options, and connects nowhere
    except Exception:  # each option of an address is cast in its own way
        return "is no address of a Redis: redis://, rediss:// (with TLS) or unix://"
    return ""


def client_of(url: str) -> Any:
    """Without a second try of its own: it would wait, and subscribe anew unnoticed, while messages are missed."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return Redis.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
    )
