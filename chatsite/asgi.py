"""The ASGI application: `python -m daphne chatsite.asgi:application`."""

import gc
import os
import sys

from chat.serving.asgi import get_asgi_application
from chatsite.environment.start import faults_in_words

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
with faults_in_words():
    gc.disable()  # what is loaded here stays: to look through it again and again takes a fifth of a start
    application = get_asgi_application(limit_all_bodies=True)  # sets Django up, which the rest needs

from chat.assets.storage import warn_if_not_collected
from chat.generation.sweeps import start_sweeps
from chatsite.accounts.first_account import announce_first_signup
from chatsite.database_version import warn_if_database_is_newer
from chatsite.start import log_findings
from chatsite.sweep import start_sweeping


def collect_garbage_less_often() -> None:
    """Python's collector stops everything while it looks for cycles.

    By default it looks at all that was ever loaded, 158 ms at a time, three times while 300 streams were opened, and
    at the youngest every 700 objects, 0.2 s together. What is here by now stays, and need not be looked at again: not
    for the little of it that could go, either (3,400 objects), which would take as long as all that was loaded.
    What has outlived five looks is looked at once more together; that of twenty took 0.2 s at a time.
    """
    gc.freeze()
    gc.set_threshold(20_000, 5, 80)
    gc.enable()


if "daphne.cli" in sys.modules:
    from chat.serving.daphne import serve_command_line

    serve_command_line()
warn_if_not_collected()
warn_if_database_is_newer()
log_findings()
announce_first_signup()
start_sweeps()  # at once: daphne does not say when it starts, and a process that nobody talks to must sweep as well
start_sweeping()
collect_garbage_less_often()
