"""What stands around the list and the messages of a conversation's page: one fragment of all that it depends on."""

from collections.abc import Hashable
from typing import Any, NamedTuple

from chat.conf import settings
from chat.core.rights import Rights
from chat.models.rights import rights_of
from chat.views.offers import may_attach


class Frame(NamedTuple):
    """Said as a row is (chat/templatetags/fragments.py), for each page asks for it, and it has many values."""

    is_new: bool
    is_temporary: bool
    is_due: bool
    """Does it go within a week, because nothing happens in it?"""
    is_running: bool
    """Is something on show being written?"""
    is_stoppable: bool
    """Is what the next question follows being written?"""
    chosen: str
    """The key of the model."""
    has_notes: bool
    """On which model goes on."""
    notice: str
    """The version of the site's notice that its reader is yet to accept; empty: none."""
    has_deleted: bool
    has_readings: bool
    """Is its owner told that staff have read it?"""
    has_quotas: bool
    """Are there any, of whomever?"""
    has_quota_line: bool
    """Is little left of a quota of this reader's?"""
    has_tools: bool
    """Is there one that this reader's models may call?"""
    files: int
    """That were attached without scripts."""
    may_attach: bool
    may_share: bool
    may_import: bool
    is_staff: bool
    input_chars: int
    most_files: int
    file_bytes: int

    @classmethod
    def around(cls, user: Any, **shown: Any) -> "Frame":
        """For this reader, of what is shown."""
        rights: Rights = rights_of(user)
        return cls(
            may_attach=may_attach(user),
            may_share=rights.may_share,
            may_import=rights.may_import,
            has_quotas=rights.under_quotas,
            is_staff=bool(getattr(user, "is_staff", False)),
            input_chars=settings.CHAT_INPUT_CHARS,
            most_files=settings.CHAT_ATTACHMENTS_PER_MESSAGE,
            file_bytes=settings.CHAT_ATTACHMENT_BYTES,
            **shown,
        )

    @property
    def version(self) -> Hashable:
        return self

    @property
    def rows(self) -> list[tuple[str, Hashable]]:
        """It bears no words of any."""
        return []
