"""All pools of threads that there are stand in one table, and settings.md repeats it."""

import re
from pathlib import Path

from chat.conf import AppSettings
from chat.core.pools import Size, connections_needed, fault_in_connections, pools
from tests.support.site import ROOT

CODE = [file for room in ("chat", "chatsite") for file in (ROOT / room).rglob("*.py")]
ROW = re.compile(r"^\| ([a-z]+) \| (\d+) \| (\d+) \| (yes|no) \|", re.MULTILINE)
SUM = re.compile(r"^\| together \|  \| (\d+) \|", re.MULTILINE)
MADE = re.compile(r'\b(?:Pool|AccountThreads|RequestThread|size_of)\("([a-z]+)"')
OTHER_THREADS = re.compile(r"\b(?:ThreadPoolExecutor|Thread|to_thread|run_in_executor)\(|thread_sensitive=False")
KNOWN = {
    *("chat/models/threads.py", "chat/tools/threads.py"),  # pools of the table
    *("chat/providers/host_names.py", "chat/providers/local.py"),
    "chatsite/at_start.py",  # before the site serves, and closed by then
    # They say when something is to be done, and a pool does it.
    *("chat/audit/chain.py", "chat/generation/recovery.py", "chat/retention/expiry.py", "chat/retention/fragments.py"),
    "chatsite/sweep.py",
}


def default() -> dict[str, Size]:
    return pools(AppSettings.CHAT_REQUEST_THREADS)


def test_the_page_of_settings_has_the_table() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    rows = {name: Size(int(threads), int(held), cut == "yes") for name, threads, held, cut in ROW.findall(page)}
    assert rows == default()
    assert SUM.findall(page) == [str(connections_needed(AppSettings.CHAT_REQUEST_THREADS))]
    assert connections_needed(AppSettings.CHAT_REQUEST_THREADS) <= AppSettings.CHAT_DB_CONNECTIONS


def test_the_table_has_all_pools_that_are_made() -> None:
    assert {name for file in CODE for name in MADE.findall(file.read_text())} == default().keys()


def test_no_other_thread_uses_the_database() -> None:
    others = {named(file) for file in CODE if OTHER_THREADS.search(file.read_text())}
    assert others == KNOWN


def test_fewer_connections_than_threads_is_a_fault() -> None:
    needed = connections_needed(5)
    assert fault_in_connections(5, needed) == ""
    said = fault_in_connections(5, needed - 1)
    assert said.startswith(f"is {needed - 1}, and the threads of a process hold up to {needed}, of which 5 by ")


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))
