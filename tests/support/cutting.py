"""Work that is killed at its n-th transaction, in a process of its own."""

import os
import signal
import traceback
from collections.abc import Callable, Sequence

from django.db import connection, connections


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Do the work in a fork of this process, which gets SIGKILL when it is about to commit for the `number`th time.

    False if it has ended before. Raises AssertionError if it has failed.
    """
    connections.close_all()
    child = os.fork()
    if not child:
        _work(number, work)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "The work failed"
    return False


def at_once(works: Sequence[Callable[[], str]]) -> list[str]:
    """What each of these says that run in forks of this process, together. Raises AssertionError if one has failed."""
    connections.close_all()
    waiting, starting = os.pipe()  # who reads it waits until we close its other end
    running = []
    for work in works:
        reading, writing = os.pipe()
        if not (child := os.fork()):
            os.close(starting)
            os.read(waiting, 1)
            _work(0, lambda work=work, writing=writing: os.write(writing, work().encode()))
        os.close(writing)
        running.append((child, reading))
    for end in (waiting, starting):
        os.close(end)
    said = []
    for child, reading in running:
        with open(reading) as pipe:
            said.append(pipe.read())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "The work failed"
    return said


def _work(number: int, work: Callable[[], object]) -> None:
    left, commit = number, connection.commit

    def count() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        commit()

    try:
        connection.commit = count  # type: ignore[method-assign]
        work()
        connections.close_all()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
