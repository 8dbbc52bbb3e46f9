"""When each user was last told of something: so that whoever comes back learns whether anything was missed."""

from collections import OrderedDict

from chat.core.process import process_name
from chat.models.users import UserId

MOST_USERS = 10_000
"""Of whom it is known. Others count as told when the one was who was told last among those that were dropped."""
DIGITS = 18


class History:
    """Counts what has been told in this process. A position is `<process>-<count>`; only its own process reads it."""

    def __init__(self) -> None:
        self._count = 0
        self._last: OrderedDict[UserId, int] = OrderedDict()
        self._dropped = 0

    @property
    def position(self) -> str:
        return f"{self._name}-{self._count}"

    def note(self, user_id: UserId) -> str:
        """This user has been told of something. Returns the position after it."""
        self._count += 1
        self._last[user_id] = self._count
        self._last.move_to_end(user_id)
        if len(self._last) > MOST_USERS:
            _, self._dropped = self._last.popitem(last=False)
        return self.position

    def lose(self) -> None:
        """Anybody may have been told of something that is not known here."""
        self._count += 1
        self._last.clear()
        self._dropped = self._count

    def has_missed(self, user_id: UserId, position: str) -> bool:
        """May this user have been told of anything after `position`? True for one that cannot be honoured."""
        name, _, count = position.rpartition("-")
        if name != self._name or not (count.isascii() and count.isdigit() and len(count) <= DIGITS):
            return True
        return not self._last.get(user_id, self._dropped) <= int(count) <= self._count

    @property
    def _name(self) -> str:
        return process_name()
