"""What goes wrong around the site, which is nobody's fault here: a disk that is full, a database that is away.

`cause_of` makes of an exception what whoever runs the site needs to hear (causes.py), `log_failure` says it in one
line that begins with it, once a minute (log.py), and `unavailable` is what a user hears of it (refusal.py).
"""

from chat.failures.causes import Cause, Kind, cause_of, innermost
from chat.failures.log import log_failure, log_repeated, log_waiting
from chat.failures.refusal import unavailable

__all__ = ["Cause", "Kind", "cause_of", "innermost", "log_failure", "log_repeated", "log_waiting", "unavailable"]
