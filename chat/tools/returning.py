"""What a tool returns, as text for a model: text as it is, all else as JSON, no more of it than is shown."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Manager, Model, QuerySet
from django.utils.functional import Promise

QUERYSET = (
    "A tool returned a query set, which would show the model every column of every row. Return what it is to see: "
    "list(orders.values('number', 'placed_at')[:50]), or a list of dicts."
)
MODEL = (
    "A tool returned an instance of {name}, which would show the model every column of it. Return what it is to see, "
    "as a dict."
)


class Refused(TypeError):
    """What a tool returned is not to be shown to a model: a hint for whoever wrote the tool."""


class _Encoder(DjangoJSONEncoder):
    """Dates, times, decimals, UUIDs and translated words are Django's; sets and dataclasses are ours."""

    def default(self, value: Any) -> Any:
        if isinstance(value, QuerySet | Manager):
            raise Refused(QUERYSET)
        if isinstance(value, Model):
            raise Refused(MODEL.format(name=value._meta.label))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        if isinstance(value, set | frozenset):
            return list(value)
        return super().default(value)


def as_text(value: Any, most: int) -> str:
    """At most a little more than `most` characters of it; 0: all. Raises Refused, TypeError or ValueError."""
    if isinstance(value, Promise):
        value = str(value)
    if isinstance(value, str):
        return value[: most + 1] if most else value
    return "".join(_first(_Encoder(ensure_ascii=False, check_circular=True).iterencode(value), most))


def cut(text: str, most: int) -> str:
    """What a model is shown of a result, and that there was more."""
    if not most or len(text) <= most:
        return text
    return f"{text[:most]}\n[Cut here: a result has at most {most:,} characters. Ask for less, or for the next part.]"


def _first(pieces: Iterable[str], most: int) -> Iterable[str]:
    """A list of a million rows is not made into text that nobody is shown."""
    length = 0
    for piece in pieces:
        yield piece
        length += len(piece)
        if most and length > most:
            return
