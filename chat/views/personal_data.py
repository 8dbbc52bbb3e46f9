"""All that the site has of its user, as a zip."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from chat.audit import Action, note
from chat.core.slots import Slot
from chat.errors import TooMany
from chat.i18n import gettext_noop as _
from chat.import_export.subject import subject_zip
from chat.models.threads import write_in_database
from chat.models.users import UserId
from chat.views.endpoints import endpoint
from chat.views.exports import file_headers, in_threads, say_in
from chat.views.pages import language_of

WAIT_SECONDS = 10

_being_made: Counter[UserId] = Counter()
"""Of which users, in this process."""


@endpoint("POST")
async def download(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """POST /personal-data/ — all that the site has of who asks, as a zip, made while it is sent."""
    slot = take_slot(user.pk)
    await write_in_database(note, Action.EXPORT, user, user, of="everything")
    pieces = subject_zip(user, say_in(request), language_of(request))
    headers = file_headers(f"personal-data-{timezone.localdate().isoformat()}.zip", "application/zip")
    return StreamingHttpResponse(_sent(pieces, slot), headers=headers)


def take_slot(user_id: UserId) -> Slot:
    """The one file of a user that is made at a time. Raises TooMany."""
    if _being_made[user_id]:
        sentence = _("This file is being made for you already. Wait until it is there, and try again.")
        raise TooMany(sentence, retry_after=WAIT_SECONDS)
    return Slot(_being_made, user_id)


async def _sent(pieces: Iterator[bytes], slot: Slot) -> AsyncIterator[bytes]:
    try:
        async for piece in in_threads(pieces):
            yield piece
    finally:
        slot.free()
