"""What is written to the log, found in it, and made nameless."""

from collections.abc import Iterable
from typing import Any

from django.db import models

from chat.models import Reading
from chat.models.reading import NAME_CHARACTERS

ERASED = "(erased)"
"""What the log calls something whose name is gone."""


def record(user: Any, thing: models.Model, action: str) -> Reading:
    """`user` has just done this to `thing`: its words are in English, and bear nobody's."""
    return Reading.objects.create(
        user_key=str(user.pk),
        user_name=str(user.get_username())[:NAME_CHARACTERS],
        object_kind=type(thing)._meta.label_lower,
        object_key=str(thing.pk),
        object_name=str(thing)[:NAME_CHARACTERS],
        action=action,
    )


def readings_of(thing: models.Model) -> "models.QuerySet[Reading]":
    """Oldest first."""
    return Reading.objects.filter(object_kind=type(thing)._meta.label_lower, object_key=str(thing.pk))


def has_read(user_id: Any) -> bool:
    """Is there anything in the log that this user did?"""
    return Reading.objects.filter(user_key=str(user_id)).exists()


def forget_names(model: type[models.Model], ids: Iterable[Any]) -> None:
    """The log goes on saying that somebody read these, and when, but no longer what they were called."""
    these = Reading.objects.filter(object_kind=model._meta.label_lower, object_key__in=[str(pk) for pk in ids])
    these.update(object_name=ERASED)


def forget_users(ids: Iterable[Any]) -> None:
    """It goes on saying that the same person did this and that, by the id that there was, but no longer who."""
    for key in map(str, ids):
        Reading.objects.filter(user_key=key).update(user_name=f"(erased {key})")
