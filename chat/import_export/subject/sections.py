"""Which kinds of things a site has of a person: a section of the zip for each, or a reason why there is none."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q

AnyModel = TypeVar("AnyModel", bound=models.Model)
Row = Mapping[str, Any]
"""What JSON can say, and times and ids; `File` leads to another file."""

STEP = 100
"""Rows that are in memory at once."""


class File(str):
    """The path of a file in the zip; the page shows these words of it."""

    __slots__ = ("words",)
    words: str

    def __new__(cls, path: str, words: str = "") -> "File":
        file = super().__new__(cls, path)
        file.words = words or path
        return file


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the zip, and the same as JSON."""

    name: str
    """Of its files. Who registers one of the same name takes the place of that."""
    title: str
    """Marked for translation, as the labels and the note are."""
    rows: Callable[[Any], Iterable[Row]]
    """Of a user. Called twice; each step of it may be in another thread, so no query may stay open between two rows
    (`in_steps`)."""
    labels: Mapping[str, str]
    """What people call the members of a row, in order."""
    note: str = ""
    """What is to be known of it."""
    tables: tuple[str, ...] = ()
    """Of which it tells, as in "chat.Prompt"."""


SECTIONS: dict[str, Section] = {}
"""In the order in which they were registered."""
LEFT_OUT: dict[str, str] = {}
"""Tables that have something of a person and stand in no section, and why."""


def register(*sections: Section) -> None:
    SECTIONS.update({section.name: section for section in sections})


def leave_out(reasons: Mapping[str, str]) -> None:
    """By table, as in "chat.SearchEntry"."""
    LEFT_OUT.update(reasons)


def untold() -> list[str]:
    """Tables that refer to users, directly or by what is a user's, of which nobody has said how they are told."""
    told = {table for section in SECTIONS.values() for table in section.tables}
    return sorted(_tables_of_users() - told - LEFT_OUT.keys())


def _tables_of_users() -> set[str]:
    """What joins two tables alone counts with the one that has the field."""
    found: set[Any] = {get_user_model()}
    while new := {model for model in apps.get_models() if model not in found and _refers(model, found)}:
        found |= new
    return {model._meta.label for model in found - {get_user_model()}}


def _refers(model: type[models.Model], others: Iterable[Any]) -> bool:
    """By a field of its own: what others have to do with it is among its fields, too."""
    own = (field for field in model._meta.get_fields() if field.is_relation and field.concrete)
    return any(field.related_model in others for field in own)


def in_steps(rows: "models.QuerySet[AnyModel]", order: str = "pk", step: int = STEP) -> Iterator[AnyModel]:
    """All of these, a step of them at a time, in an order that does not change meanwhile."""
    rows = rows.order_by(order, "pk")
    last: AnyModel | None = None
    while found := list((_after(rows, order, last) if last else rows)[:step]):
        yield from found
        last = found[-1]


def _after(rows: "models.QuerySet[AnyModel]", order: str, last: AnyModel) -> "models.QuerySet[AnyModel]":
    if order == "pk":
        return rows.filter(pk__gt=last.pk)
    value = getattr(last, order)
    return rows.filter(Q(**{f"{order}__gt": value}) | Q(**{order: value, "pk__gt": last.pk}))
