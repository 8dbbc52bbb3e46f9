"""What staff have done, by ids alone."""

import logging
from typing import Any

from django.db import models

logger = logging.getLogger(__name__)


def note(
    action: str,
    actor: Any | None,
    thing: models.Model | tuple[str, str] | None = None,
    **details: int | str | bool | list[Any],
) -> None:
    """That `actor` did this to a thing."""
    if isinstance(thing, models.Model):
        thing = (thing._meta.label_lower, str(thing.pk))
    logger.info("%s by %s: %s %s", action, actor and actor.pk, thing, details)
