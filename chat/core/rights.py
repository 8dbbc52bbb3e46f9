"""What a user may, once they are let in: attach, share, import, and which models they may choose.

A right counts once staff have restricted it: until then all have it, and afterwards who has the permission. Of models
the settings say which are for all. Rows that staff write, each for a group, change that, in this order:

1. A model that one of a user's groups is refused is not theirs, whatever another group is given.
2. A model that any group is given is for the members of these groups alone.
3. For all else it is as the settings have it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self, TypeAlias

from chat.errors import Forbidden
from chat.i18n import gettext_noop as _

NOT_PERMITTED = "not_permitted"


class Right(StrEnum):
    """By the codenames of their permissions."""

    ATTACH = "attach_files"
    SHARE = "share_conversations"
    PUBLISH = "share_publicly"
    IMPORT = "import_conversations"


LABELS = {
    Right.ATTACH: _("Attach files"),
    Right.SHARE: _("Share conversations"),
    Right.PUBLISH: _("Share conversations with everybody who has the link"),
    Right.IMPORT: _("Import conversations"),
}
SENTENCES = {
    Right.ATTACH: _("You are not allowed to attach files here."),
    Right.SHARE: _("You are not allowed to share conversations here."),
    Right.PUBLISH: _(
        "You may not make a link that everybody can read. One for people who are logged in here you may."
    ),
    Right.IMPORT: _("You are not allowed to import conversations here."),
}

Pair: TypeAlias = tuple[str, str]
"""The name of a provider, and the key of a model."""
Pairs: TypeAlias = frozenset[Pair]


@dataclass(frozen=True, slots=True)
class Rights:
    lacking: frozenset[Right] = frozenset()
    given: Pairs = frozenset()
    """Theirs, whether the settings offer them or not."""
    withheld: Pairs = frozenset()
    """Not theirs, whether the settings offer them or not."""
    unpriced: Pairs = frozenset()
    """Of these, the ones whose price nobody knows, while a quota of theirs is in money."""
    under_quotas: bool = False
    """Are there quotas, of whomever? Then it is asked whether one holds for this user."""

    @classmethod
    def of(cls, lacking: Iterable[Right], rows: Iterable[tuple[str, str, bool, bool]] = ()) -> Self:
        """From rows of provider, model, whether it is given or refused, and whether to a group of the user's."""
        rows = list(rows)
        refused = {(provider, model) for provider, model, is_given, is_mine in rows if is_mine and not is_given}
        mine = {(provider, model) for provider, model, is_given, is_mine in rows if is_mine and is_given}
        closed = {(provider, model) for provider, model, is_given, _mine in rows if is_given}
        given = mine - refused
        return cls(frozenset(lacking), frozenset(given), frozenset((closed | refused) - given))

    def may(self, right: Right) -> bool:
        return right not in self.lacking

    def check(self, right: Right) -> None:
        """Raises Forbidden."""
        if right in self.lacking:
            raise Forbidden(SENTENCES[right], code=NOT_PERMITTED)

    def without(self, unpriced: Pairs) -> "Rights":
        return replace(self, given=self.given - unpriced, withheld=self.withheld | unpriced, unpriced=unpriced)

    @property
    def change_models(self) -> bool:
        """Are other models theirs than those that the settings offer to all?"""
        return bool(self.given or self.withheld)

    # For templates

    @property
    def may_attach(self) -> bool:
        return self.may(Right.ATTACH)

    @property
    def may_share(self) -> bool:
        return self.may(Right.SHARE)

    @property
    def may_import(self) -> bool:
        return self.may(Right.IMPORT)


ALL = Rights()
"""All rights, and the models that the settings offer."""
