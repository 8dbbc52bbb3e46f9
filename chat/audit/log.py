"""What staff have done, by ids alone: an entry in the transaction of the act."""

import logging
import uuid
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import models, transaction

from chat.audit.acting import actor_key
from chat.audit.actions import Action
from chat.audit.waking import wake
from chat.conf import settings
from chat.models import AuditEntry, UnchainedEntry
from chat.models.reading import KEY_CHARACTERS

entries = logging.getLogger("chat.audit.entries")
"""Where each goes as well, with CHAT_AUDIT_LOG=json."""

TEXT_CHARACTERS = 500


def note(
    action: str,
    actor: Any | None,
    thing: models.Model | tuple[str, str] | None = None,
    **details: int | str | bool | list[Any],
) -> None:
    """That `actor`, a user or a user's id, did this to a thing: with no word of a user's.

    Without an actor it is who acts in this request (chat/audit/acting.py), or else the program by itself. Raises
    ValueError for an action that is none of `Action`, TypeError for details that are not made of numbers, texts and
    lists.
    """
    kind, key = _named(thing)
    entry = AuditEntry(
        action=Action(action),
        actor_key=_who(actor),
        object_kind=kind,
        object_key=key,
        details={name: _plain(value) for name, value in details.items()},
    )
    with transaction.atomic(savepoint=False):
        entry.save(force_insert=True)
        UnchainedEntry(entry=entry.pk).save(force_insert=True)
        transaction.on_commit(partial(_after, entry))


def _after(entry: AuditEntry) -> None:
    wake()
    if settings.CHAT_AUDIT_LOG == "json":
        entries.info("%s", entry.canonical())


def _who(actor: Any) -> str:
    pk = getattr(actor, "pk", actor)
    return actor_key() if pk is None else _text(str(pk))[:KEY_CHARACTERS]


def _named(thing: models.Model | tuple[str, str] | None) -> tuple[str, str]:
    if isinstance(thing, models.Model):
        return thing._meta.label_lower, _text(str(thing.pk))[:KEY_CHARACTERS]
    kind, key = thing or ("", "")
    return kind, _text(str(key))[:KEY_CHARACTERS]


def _plain(value: Any) -> Any:
    """As JSON has it, and each database gives it back. No fractions: they are written in several ways."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str | uuid.UUID | date | Decimal):
        return _text(str(value))
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    raise TypeError(f"The audit log takes no {type(value).__name__}.")


def _text(text: str) -> str:
    """Without what PostgreSQL takes in no text."""
    return text.replace("\0", "").encode(errors="replace").decode()[:TEXT_CHARACTERS]
