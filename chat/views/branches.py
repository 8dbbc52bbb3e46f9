"""A branch in sections: a page shows its end, and what is above comes when it is asked for.

No page shows more than `chat/core/pagination.py` allows, however long the branch is and wherever the section begins.
"""

import uuid
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase

from chat.conf import settings
from chat.core import pagination
from chat.errors import NO_CONVERSATION, NotFound, TooLong
from chat.i18n import gettext_noop as _
from chat.models import Conversation, branches
from chat.models.page_messages import PageMessages
from chat.views.endpoints import endpoint
from chat.views.offers import models_for
from chat.views.pages import render_page


@dataclass(frozen=True)
class Section:
    """Messages that follow each other in a branch, which ends with `leaf`.

    `earlier_from` begins the page that shows some more before them, `later_from` the one that goes on after them.
    """

    messages: PageMessages = field(default_factory=PageMessages)
    earlier_from: uuid.UUID | None = None
    later_from: uuid.UUID | None = None
    leaf: uuid.UUID | None = None

    @property
    def is_running(self) -> bool:
        """Is one of them being written?"""
        return self.messages.is_running

    @property
    def version(self) -> Hashable:
        """Of its messages."""
        return self.messages.version

    @property
    def rows(self) -> list[tuple[str, Hashable]]:
        """Whose words are in these (chat/retention/fragments.py)."""
        return list(dict.fromkeys(row for message in self.messages for row in message.rows))


@endpoint("GET")
def ancestors(request: HttpRequest, user: AbstractBaseUser, message_id: uuid.UUID) -> HttpResponseBase:
    """GET /messages/<uuid>/ancestors/ — the messages right above that one, as they stand on the page.

    With `?from=` all from that ancestor on; an id that is none of them is a 404, and more than a page may have a 413.
    """
    conversation = Conversation.objects.owned_by(user).filter(messages=message_id).first()
    if not conversation:
        raise NotFound(NO_CONVERSATION)
    path = conversation.path(message_id, None if "from" in request.GET else pagination.MOST_ABOVE + 1)[:-1]
    begin = asked_begin(request)
    if "from" in request.GET and begin not in path:
        raise NotFound
    above = section(conversation, path, begin)
    if above.later_from:
        raise TooLong(_("That is more than a page shows at once."))
    context = {"conversation": conversation, "section": above, **models_for(user)}
    return render_page(request, "chat/conversation/_message_page.html", context)


def section(
    conversation: Conversation,
    path: list[uuid.UUID],
    begin: uuid.UUID | None = None,
    holding: uuid.UUID | None = None,
    spots: branches.Spots | None = None,
) -> Section:
    """The end of `path`, as much as a page shows; or what follows `begin` if that is on it. `holding` is in it.

    Of a longer one MOST_ABOVE are enough of the path, if it need not begin with either. `spots` are those of all of
    it, if they are known.
    """
    begins = path.index(begin) if begin in path else max(0, len(path) - pagination.MOST_MESSAGES)
    begins = min(begins, path.index(holding)) if holding in path else begins
    low = max(0, begins - pagination.STEP)
    near = path[low : begins + pagination.MOST_ON_PAGE]
    spots = branches.spots(near) if spots is None else spots
    sizes = [spots.size(pk) for pk in near]
    if begin not in path and (holding not in path or path.index(holding) > begins):
        begins = len(path) - pagination.page_size(sizes)
        begins = min(begins, path.index(holding)) if holding in path else begins
    above, below = sizes[: begins - low], sizes[begins - low :]
    ends = begins + pagination.size_from(below)
    return Section(
        PageMessages(path[begins:ends], pagination.MOST_OF_MESSAGE, spots),
        earlier_from=path[begins - pagination.step_back(above)] if begins else None,
        later_from=path[ends] if ends < len(path) else None,
        leaf=path[-1] if path else None,
    )


def asked_begin(request: HttpRequest) -> uuid.UUID | None:
    """The message of `?from=`."""
    return asked_id(request, "from")


def asked_id(request: HttpRequest, name: str) -> uuid.UUID | None:
    """The id that a query names; None for what is no id."""
    try:
        return uuid.UUID(request.GET.get(name, ""))
    except ValueError:
        return None


def asked_ids(request: HttpRequest, name: str) -> list[uuid.UUID]:
    """Those that a query names, as many as a message may have files."""
    found = []
    for text in request.GET.getlist(name)[: settings.CHAT_ATTACHMENTS_PER_MESSAGE or None]:
        with suppress(ValueError):
            found.append(uuid.UUID(text))
    return found
