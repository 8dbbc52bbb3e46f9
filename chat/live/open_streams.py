"""How many streams each user has open in this process, so that nobody has too many."""

from collections import Counter

from chat.models.users import UserId

open_streams: Counter[int] = Counter()
"""How many followers each user has in this process, those included that are about to begin."""


class StreamSlot:
    """That of one follower among a user's, taken when it is asked for: else many that come at once find room for all.

    One that is never begun, as when what was asked is refused, lets go of it unseen.
    """

    def __init__(self, user_id: UserId) -> None:
        self._user_id: UserId | None = user_id
        open_streams[user_id] += 1

    def free(self) -> None:
        """Safe to repeat."""
        user_id, self._user_id = self._user_id, None
        if user_id is not None:
            open_streams[user_id] -= 1
            if not open_streams[user_id]:
                del open_streams[user_id]

    __del__ = free
