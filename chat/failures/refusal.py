"""What a user hears where the site cannot reach or change its database."""

from django.db import InterfaceError, OperationalError

from chat.errors import Unavailable
from chat.failures.causes import Kind, cause_of
from chat.i18n import gettext_noop as _

NO_DATABASE = _("The site cannot reach its database just now. Your text is kept; send it again in a moment.")
CANNOT_BE_STORED = _("The site cannot store anything just now. Your text is kept; send it again in a moment.")
BUSY = _("The site's database is busy just now. Your text is kept; send it again in a moment.")
SENTENCES = {
    Kind.LOCKED: BUSY,
    Kind.SLOW: BUSY,
    Kind.FULL: CANNOT_BE_STORED,
    Kind.READ_ONLY: CANNOT_BE_STORED,
    Kind.NO_FILES: Unavailable.sentence,
    Kind.NO_MEMORY: Unavailable.sentence,
}
SECONDS = 5
"""After which to come again."""


def unavailable(exc: BaseException) -> Unavailable | None:
    """None for what is another kind of failure, such as a fault of ours."""
    if cause := cause_of(exc):
        return Unavailable(SENTENCES.get(cause.kind, NO_DATABASE), retry_after=SECONDS)
    return Unavailable(NO_DATABASE, retry_after=SECONDS) if _is_of_connection(exc) else None


def _is_of_connection(exc: BaseException) -> bool:
    """As databases say it whose numbers are not known here."""
    return isinstance(exc, OperationalError | InterfaceError)
