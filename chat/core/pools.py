"""The pools of threads that a process has, and so how many connections to its database.

A thread that uses the database keeps its connection, so threads bound connections, and there is no second pool. This
is the one place that says how many there are: each pool is made by its name here (chat/models/threads.py), and
docs/settings.md has the same table. What comes while all threads of a pool are taken waits for one.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    threads: int
    connections: int
    """That they hold at most, all together."""
    has_time_outs: bool = True
    """Is a statement that takes too long, or waits too long for a lock, given up?"""


def pools(request_threads: int) -> dict[str, Size]:
    """By name."""
    return {
        "request": Size(request_threads, request_threads),  # the synchronous parts of requests that are not the chat's
        "account": Size(2, 2),  # requests that hash passwords
        "identity": Size(2, 2),  # requests that ask an identity provider
        "login": Size(1, 1),  # the short reads that a request begins with
        "reading": Size(2, 2),
        "writing": Size(2, 2),
        "long": Size(3, 3, has_time_outs=False),  # what may take minutes: imports, links, erasing
        "signals": Size(1, 1, has_time_outs=False),  # receivers of other apps
        "tools": Size(8, 4),  # what a model calls; who finds no connection free waits (chat/tools/permits.py)
        "inspecting": Size(2, 0),  # files that are uploaded
    }


def connections_needed(request_threads: int) -> int:
    return sum(size.connections for size in pools(request_threads).values())


def fault_in_connections(request_threads: int, most: int) -> str:
    """What is wrong with CHAT_DB_CONNECTIONS, in words; empty if nothing is."""
    needed = connections_needed(request_threads)
    if most >= needed:
        return ""
    return (
        f"is {most}, and the threads of a process hold up to {needed}, of which {request_threads} by "
        "CHAT_REQUEST_THREADS: raise the one, or lower the other"
    )
