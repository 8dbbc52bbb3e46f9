"""What each user may have only so many of at once, in this process."""

from collections import Counter
from typing import Any


class Slot:
    """One of a user's, which `taken` counts from when it is asked for: else many that come at once find room for all.

    One that is never begun, as when what was asked is refused, lets go of it unseen.
    """

    def __init__(self, taken: Counter[Any], user_id: Any) -> None:
        self._taken, self._user_id = taken, user_id
        taken[user_id] += 1

    def free(self) -> None:
        """Safe to repeat."""
        user_id, self._user_id = self._user_id, None
        if user_id is not None:
            self._taken[user_id] -= 1
            if not self._taken[user_id]:
                del self._taken[user_id]

    __del__ = free
