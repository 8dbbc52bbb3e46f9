"""The ASGI application: `python -m daphne chatsite.asgi:application`."""

import gc
import os
import sys

from chat.serving.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
application = get_asgi_application(limit_all_bodies=True)  # sets Django up, which the rest needs

from chat.assets.storage import warn_if_not_collected  # noqa: E402
from chat.generation.sweeps import start_sweeps  # noqa: E402
from chatsite.accounts.first_account import announce_first_signup  # noqa: E402
from chatsite.start import log_findings  # noqa: E402


def collect_garbage_less_often() -> None:
    """Python's collector stops everything while it looks for cycles.

    By default it looks at all that was ever loaded, 158 ms at a time, three times while 300 streams were opened, and
    at the youngest every 700 objects, 0.2 s together. What is here by now stays, and need not be looked at again.
    What has outlived five looks is looked at once more together; that of twenty took 0.2 s at a time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 5, 80)


if "daphne.cli" in sys.modules:
    from chat.serving.daphne import serve_command_line

    serve_command_line()
warn_if_not_collected()
log_findings()
announce_first_signup()
start_sweeps()  # at once: daphne does not say when it starts, and a process that nobody talks to must sweep as well
collect_garbage_less_often()
