"""How the writer of the chain (chat/audit/chain.py) hears of new entries in its own process."""

import threading

woken = threading.Event()


def wake() -> None:
    woken.set()
