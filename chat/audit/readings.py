"""What is written to the log, found in it, and made nameless."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from chat.audit.actions import Action
from chat.audit.keys import current_key
from chat.audit.log import note
from chat.audit.reasons import GIVEN, held
from chat.conf import settings
from chat.core.audit_chain import words_mac
from chat.models import Conversation, Feedback, Reading, ReadingContext, SearchedWords, ToolCall
from chat.models.reading import NAME_CHARACTERS

ERASED = "(erased)"
"""What the log calls something whose name is gone."""
WORDS_CHARACTERS = 1000
"""That are kept of a search."""
CENTURY = 36_500
"""Days. Longer than a date goes back there is nothing to be kept."""


@transaction.atomic
def record(user: Any, thing: models.Model, action: str, noted_as: Action = Action.READING) -> Reading:
    """`user` has just done this to `thing`: its words are in English, and bear nobody's.

    It is a reading, and an entry of the audit log, of the kind that `noted_as` says.
    """
    reading = _add(user, type(thing), action, object_key=str(thing.pk), object_name=_name(thing))
    note(noted_as, user, thing, what=action, reading=reading.pk)
    owner_id, conversation_id = _whose(thing)
    reason = held(user, Conversation, conversation_id) if conversation_id else held(user, type(thing))
    _add_context(reading, reason, owner_id, conversation_id)
    return reading


@transaction.atomic
def record_list(
    user: Any,
    model: type[models.Model],
    action: str,
    hits: int,
    words: str = "",
    noted_as: Action = Action.READING,
) -> Reading:
    """`user` has just looked at a list that has `hits` rows, by a search for `words` if there are any.

    Of the words the audit log has a hash alone, by its key: whoever knows them can tell that it was these.
    """
    reading = _add(user, model, action, hits=hits)
    _add_context(reading, held(user, model))
    words = words.replace("\0", "")[:WORDS_CHARACTERS]
    details: dict[str, Any] = {"what": action, "hits": hits, "reading": reading.pk}
    if words:
        details["words"] = words_mac(current_key(), words)
    note(Action.SEARCH if words else noted_as, user, (model._meta.label_lower, ""), **details)
    if words and settings.CHAT_AUDIT_WORDS_DAYS:
        SearchedWords.objects.create(reading=reading, words=words)
    return reading


@transaction.atomic
def give_reason(user: Any, model: type[models.Model], key: str, reason: str) -> Reading:
    """`user` says why they read the thing of this key, or without one lists of such things: it holds for an hour."""
    reading = _add(user, model, GIVEN, object_key=key)
    note(Action.READING, user, (model._meta.label_lower, key), what=GIVEN, reading=reading.pk)
    ReadingContext.objects.create(reading=reading, reason=reason)
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

    What they searched for they have written: it goes with them. What was read of theirs is nobody's from then on, for
    whoever has that id later; why it was read may say who they were.
    """
    for key in map(str, ids):
        SearchedWords.objects.filter(reading__user_key=key).delete()
        Reading.objects.filter(user_key=key).update(user_name=erased_name(key))
        of_theirs = ReadingContext.objects.filter(owner_key=key)
        of_theirs.exclude(reason="").update(reason=ERASED)
        of_theirs.update(owner_key="")


def erased_name(key: str) -> str:
    """What the log calls somebody whose account is erased."""
    return f"(erased {key})"


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


def _whose(thing: Any) -> tuple[Any, Any]:
    """The ids of the owner and of the conversation of what was read, where it has them."""
    if isinstance(thing, Conversation):
        return thing.owner_id, thing.pk
    if isinstance(thing, Feedback | ToolCall):
        conversation = thing.message.conversation
        return conversation.owner_id, conversation.pk
    return None, None


def _add_context(reading: Reading, reason: str, owner_id: Any = None, conversation_id: Any = None) -> None:
    if reason or owner_id is not None:
        keys = {"owner_key": _key(owner_id), "conversation_key": _key(conversation_id)}
        ReadingContext.objects.create(reading=reading, reason=reason, **keys)


def _key(pk: Any) -> str:
    return "" if pk is None else str(pk)


def _name(thing: Any) -> str:
    """A conversation's. Other things have none that the log would know to forget."""
    return str(getattr(thing, "name", ""))[:NAME_CHARACTERS]
