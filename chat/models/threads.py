"""Database work of the event loop: in a few threads, each with one connection, however many streams are open."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")

# Of their own, because writers wait for each other, up to 20 s when SQLite is locked, and readers need not.
_readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="chat-reading")
_writers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="chat-writing")
# Theirs may take minutes, with all that an account owns.
_erasers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="chat-erasing")
_doorkeepers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="chat-login")

# Each password takes one a third of a second.
_hashers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="chat-hashing")


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a synchronous function that reads, called in a thread that may use the ORM.

    Unlike `sync_to_async` it needs nothing of the request's context, so that tasks which outlive their request
    may call it. If the caller is cancelled a function that has begun still runs to its end.
    """
    call = partial(with_usable_connection, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_readers, call)


async def write_in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for a function that writes."""
    call = partial(with_usable_connection, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_writers, call)


async def erase_in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for what is erased at once: nobody else's turn waits for it."""
    call = partial(with_usable_connection, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_erasers, call)


async def login_in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for the two short reads that each request begins with: they must not wait for long ones."""
    call = partial(with_usable_connection, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_doorkeepers, call)


async def hash_in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for what hashes a password, which may store it anew: nobody else's turn waits for it."""
    call = partial(with_usable_connection, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_hashers, call)


def with_usable_connection(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Calls it once this thread has looked at its connection: one that broke, or has had its time, is opened anew."""
    close_old_connections()
    return function(*args, **kwargs)
