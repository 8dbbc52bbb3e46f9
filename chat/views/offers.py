"""What a page offers to its reader: models, and files to attach."""

from typing import Any

from chat.conf import settings
from chat.models.rights import rights_of
from chat.providers.registry import registry


def models_for(user: Any) -> dict[str, object]:
    """For a page's context: the models, and what tells its fragments which these are."""
    return {"models": registry().offered_to(rights_of(user)), "offered": offered_for(user)}


def offered_for(user: Any) -> str | None:
    """A plain value, by which a fragment is one for all who may choose the same: the keys of these models.

    None: as the settings have it for all.
    """
    rights = rights_of(user)
    return "\n".join(model.key for model in registry().offered_to(rights)) if rights.change_models else None


def may_attach(user: Any) -> bool:
    return settings.CHAT_ATTACHMENTS and rights_of(user).may_attach


def keys_in(offered: str | None) -> list[str] | None:
    return None if offered is None else offered.split("\n")
