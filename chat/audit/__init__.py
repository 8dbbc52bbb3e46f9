"""What staff do: who has read what, with names (`readings`), and all else that they did, by ids alone (`log`).

Rows are only added to either; who and what go, they stay. The second is sealed by a chain (`chain`, `verifying`,
docs/audit.md). Of readings a name goes with what bore it: `forget_names` of things that are erased, `forget_users` of
people. What staff searched for stands apart, and goes after some days (`forget_searched_words`). `reasons` has why
they read, and `notices` what owners are told of it.
"""

from chat.audit.acting import acting
from chat.audit.actions import Action
from chat.audit.log import note
from chat.audit.notices import notice_days, told, told_in_short
from chat.audit.readings import (
    ERASED,
    erased_name,
    forget_names,
    forget_searched_words,
    forget_users,
    give_reason,
    has_read,
    readings_of,
    record,
    record_list,
)
from chat.audit.reasons import Asking, asking, is_missing

__all__ = [
    "ERASED",
    "Action",
    "Asking",
    "acting",
    "asking",
    "erased_name",
    "forget_names",
    "forget_searched_words",
    "forget_users",
    "give_reason",
    "has_read",
    "is_missing",
    "note",
    "notice_days",
    "readings_of",
    "record",
    "record_list",
    "told",
    "told_in_short",
]
