"""Which models a page offers to its reader."""

from typing import Any

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
    models = registry().offered_to(rights)
    return "\n".join(model.key for model in models) if rights.change_models else None


def keys_in(offered: str | None) -> list[str] | None:
    return None if offered is None else offered.split("\n")
