"""All that the site has of its user, as a zip."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from chat.audit import Action, note
from chat.errors import TooMany
from chat.i18n import gettext_noop as _
from chat.import_export.subject import subject_zip
from chat.models.threads import write_in_database
from chat.models.users import UserId
from chat.views.endpoints import endpoint
from chat.views.exports import file_headers, in_threads, say_in
from chat.views.pages import language_of

WAIT_SECONDS = 10

_being_made: Counter[Any] = Counter()
"""Of which users, in this process."""


class Slot:
    """The one file of a user that is made at a time. One that is never begun lets go of it unseen."""

    def __init__(self, user_id: UserId) -> None:
        """Raises TooMany."""
        self._user_id: Any = None
        if _being_made[user_id]:
            sentence = _("This file is being made for you already. Wait until it is there, and try again.")
            raise TooMany(sentence, retry_after=WAIT_SECONDS)
        self._user_id = user_id
        _being_made[user_id] += 1

    def free(self) -> None:
        """Safe to repeat."""
        if self._user_id is not None:
            del _being_made[self._user_id]
            self._user_id = None

    __del__ = free


@endpoint("POST")
async def download(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """POST /personal-data/ — all that the site has of who asks, as a zip, made while it is sent."""
    slot = Slot(user.pk)
    await write_in_database(note, Action.EXPORT, user, user, of="everything")
    pieces = subject_zip(user, say_in(request), language_of(request))
    headers = file_headers(f"personal-data-{timezone.localdate().isoformat()}.zip", "application/zip")
    return StreamingHttpResponse(_sent(pieces, slot), headers=headers)


async def _sent(pieces: Iterator[bytes], slot: Slot) -> AsyncIterator[bytes]:
    try:
        async for piece in in_threads(pieces):
            yield piece
    finally:
        slot.free()
