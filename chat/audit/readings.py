"""What is written to the log, found in it, and made nameless."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from chat.conf import settings
from chat.models import Reading, SearchedWords
from chat.models.reading import NAME_CHARACTERS

ERASED = "(erased)"
"""What the log calls something whose name is gone."""
WORDS_CHARACTERS = 1000
"""That are kept of a search."""
CENTURY = 36_500
"""Days. Longer than a date goes back there is nothing to be kept."""


def record(user: Any, thing: models.Model, action: str) -> Reading:
    """`user` has just done this to `thing`: its words are in English, and bear nobody's."""
    return _add(user, type(thing), action, object_key=str(thing.pk), object_name=_name(thing))


@transaction.atomic
def record_list(user: Any, model: type[models.Model], action: str, hits: int, words: str = "") -> Reading:
    """`user` has just looked at a list that has `hits` rows, by a search for `words` if there are any."""
    reading = _add(user, model, action, hits=hits)
    words = words.replace("\0", "")[:WORDS_CHARACTERS]
    if words and settings.CHAT_AUDIT_WORDS_DAYS:
        SearchedWords.objects.create(reading=reading, words=words)
    return reading


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
    """It goes on saying that the same person did this and that, by the id that there was, but no longer who.

    What they searched for they have written: it goes with them.
    """
    for key in map(str, ids):
        SearchedWords.objects.filter(reading__user_key=key).delete()
        Reading.objects.filter(user_key=key).update(user_name=f"(erased {key})")


def forget_searched_words(now: datetime | None = None) -> None:
    """Those that have had their time."""
    kept = timedelta(days=min(settings.CHAT_AUDIT_WORDS_DAYS, CENTURY))
    old = SearchedWords.objects.filter(created_at__lte=(now or timezone.now()) - kept)
    if old.exists():
        old.delete()


def _add(user: Any, model: type[models.Model], action: str, **fields: Any) -> Reading:
    name = str(user.get_username())[:NAME_CHARACTERS]
    kind = model._meta.label_lower
    return Reading.objects.create(user_key=str(user.pk), user_name=name, object_kind=kind, action=action, **fields)


def _name(thing: Any) -> str:
    """A conversation's. Other things have none that the log would know to forget."""
    return str(getattr(thing, "name", ""))[:NAME_CHARACTERS]
