"""The audit log: who of the staff has read what. Rows are only added to it; who and what go, it stays.

A name goes with what bore it: `forget_names` of things that are erased, `forget_users` of people. What staff searched
for stands apart, and goes after some days (`forget_searched_words`).
"""

from chat.audit.readings import (
    ERASED,
    forget_names,
    forget_searched_words,
    forget_users,
    has_read,
    readings_of,
    record,
    record_list,
)

__all__ = [
    "ERASED",
    "forget_names",
    "forget_searched_words",
    "forget_users",
    "has_read",
    "readings_of",
    "record",
    "record_list",
]
