"""The library of prompts: a user's own, and those that staff have written for all."""

import uuid

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Length

from chat.errors import Conflict, NotFound, TooLong
from chat.i18n import gettext_noop as _
from chat.models import Prompt
from chat.models.locks import lock_owner
from chat.models.users import UserId
from chat.retention.holds import check_not_held

MOST_PROMPTS = 200
"""Of one user."""
MOST_CHARACTERS = 1_000_000
"""Of the texts of one user's prompts together, which the composer is sent at once."""

MISSING = _("There is no such prompt among yours.")
TAKEN = _("You have a prompt of this name already.")


def visible_to(owner_id: UserId) -> QuerySet[Prompt]:
    """Their own and the shared ones, by name."""
    return Prompt.objects.filter(Q(owner=owner_id) | Q(owner=None)).order_by("name", "pk")


def own(owner_id: UserId, prompt_id: uuid.UUID) -> Prompt:
    """Raises NotFound."""
    prompt = Prompt.objects.filter(owner=owner_id, pk=prompt_id).first()
    if not prompt:
        raise NotFound(MISSING)
    return prompt


@transaction.atomic
def add(owner_id: UserId, name: str, text: str, *, joins: bool = False) -> Prompt:
    """Raises Conflict for a name that is taken and for one prompt too many, TooLong for too much text.

    `joins`: what is there already, to the letter, is what was sent, as by a double click.
    """
    lock_owner(owner_id)
    if joins and (stored := Prompt.objects.filter(owner=owner_id, name=name, text=text).first()):
        return stored
    if Prompt.objects.filter(owner=owner_id).count() >= MOST_PROMPTS:
        raise Conflict(
            _("You have %(limit)s prompts, as many as there may be. Delete one first."), values={"limit": MOST_PROMPTS}
        )
    _check_length(owner_id, "", text)
    return _save(Prompt(owner_id=owner_id, name=name, text=text), is_new=True)


@transaction.atomic
def change(owner_id: UserId, prompt_id: uuid.UUID, name: str, text: str) -> Prompt:
    """Raises NotFound, Conflict for a name that is taken, TooLong for too much text, and Held."""
    lock_owner(owner_id)
    check_not_held(owner_id)
    prompt = Prompt.objects.filter(owner=owner_id, pk=prompt_id).select_for_update().first()
    if not prompt:
        raise NotFound(MISSING)
    _check_length(owner_id, prompt.text, text)
    prompt.name, prompt.text = name, text
    return _save(prompt, is_new=False)


@transaction.atomic
def delete(owner_id: UserId, prompt_id: uuid.UUID) -> None:
    """Raises NotFound, or Held."""
    lock_owner(owner_id)
    check_not_held(owner_id)
    own(owner_id, prompt_id).delete()


def _check_length(owner_id: UserId, before: str, after: str) -> None:
    """What makes it shorter is no fault. Raises TooLong."""
    known = Prompt.objects.filter(owner=owner_id).aggregate(total=Sum(Length("text")))["total"] or 0
    total = known - len(before) + len(after)
    if total > MOST_CHARACTERS and len(after) > len(before):
        sentence = _("Your prompts would have %(count)s characters together; %(limit)s are allowed. Shorten one.")
        raise TooLong(sentence, values={"count": total, "limit": MOST_CHARACTERS})


def _save(prompt: Prompt, *, is_new: bool) -> Prompt:
    try:
        with transaction.atomic():
            prompt.save(force_insert=is_new, force_update=not is_new)
    except IntegrityError as exc:
        raise Conflict(TAKEN, fields={"name": TAKEN}) from exc
    return prompt
