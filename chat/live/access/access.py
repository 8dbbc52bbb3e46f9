"""What allowed one stream."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.sessions.backends.base import SessionBase

from chat.i18n import gettext_noop as _
from chat.models.users import UserId


class Gone(StrEnum):
    """Why a stream is over while its reply may go on: the code of the event `gone`."""

    LOGGED_OUT = "logged_out"
    INACTIVE = "inactive"
    NOT_ALLOWED = "not_allowed"
    DELETED = "deleted"


SENTENCES = {
    Gone.LOGGED_OUT: _("Your login has ended. Log in to go on; what you wrote is kept."),
    Gone.INACTIVE: _("Your account has been deactivated, so the rest of this answer is not shown."),
    Gone.NOT_ALLOWED: _("You are not allowed to use this chat any more, so the rest of this answer is not shown."),
    Gone.DELETED: _("This conversation has been deleted."),
}


@dataclass(eq=False)
class Access:
    """What allowed one stream, and whether it still does."""

    user_id: UserId
    backend: str
    """The dotted path of what logged the user in."""
    session_hash: str
    """The hash of the password, as the session has it."""
    session_store: type[SessionBase]
    session_key: str | None
    conversation_id: uuid.UUID | None = None
    """None: it is about no one of them."""
    gone: Gone | None = None
    tell: Callable[[], None] | None = None
    """Called once it is gone."""

    def end(self, gone: Gone) -> None:
        self.gone = gone
        if self.tell:
            self.tell()
