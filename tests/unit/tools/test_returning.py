"""What a model is shown of what a tool returned."""

import dataclasses
import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy

from chat.tools.returning import Refused, as_text, cut


@dataclasses.dataclass
class Order:
    number: int
    placed: datetime.date


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is: {", "as it is: {"),
        (gettext_lazy("Yes"), "Yes"),
        (None, "null"),
        ([], "[]"),
        ({"name": "Jörg 🙂"}, '{"name": "Jörg 🙂"}'),
        ([Decimal("1.10"), datetime.date(2026, 11, 29)], '["1.10", "2026-11-29"]'),
        (datetime.datetime(2026, 11, 29, 1, 2, 3, tzinfo=datetime.UTC), '"2026-11-29T01:02:03Z"'),
        ({"id": UUID(int=7)}, '{"id": "00000000-0000-0000-0000-000000000007"}'),
        ([Order(7, datetime.date(2026, 11, 29))], '[{"number": 7, "placed": "2026-11-29"}]'),
        ({"title": gettext_lazy("Yes")}, '{"title": "Yes"}'),
        ((1, {2}), "[1, [2]]"),
    ],
)
def test_what_is_no_text_is_json(value: Any, text: str) -> None:
    assert as_text(value, 0) == text


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (User.objects.all(), "returned a query set"),
        ({"users": User.objects.filter(is_staff=True).values("username")}, "returned a query set"),
        (User.objects, "returned a query set"),
        (User(username="bob"), "an instance of auth.User"),
        ([User(username="bob")], "an instance of auth.User"),
    ],
)
def test_rows_are_refused_with_a_hint(value: Any, hint: str) -> None:
    with pytest.raises(Refused, match=hint):
        as_text(value, 0)


def test_what_is_no_json_either_fails() -> None:
    with pytest.raises(TypeError):
        as_text(object(), 0)
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises((ValueError, RecursionError)):
        as_text(endless, 0)


def test_no_more_is_made_than_is_shown() -> None:
    class Endless(dict[str, int]):
        def items(self) -> Any:
            return ((str(number), number) for number in iter(int, 1))

        def __bool__(self) -> bool:
            return True

    assert len(as_text(Endless(a=1), 1000)) < 1100
    assert as_text("x" * 2000, 1000) == "x" * 1001


def test_a_cut_says_so() -> None:
    assert cut("x" * 1000, 1000) == "x" * 1000
    assert cut("x" * 1001, 0) == "x" * 1001
    shown = cut("x" * 1001, 1000)
    assert shown.startswith("x" * 1000 + "\n[Cut here: a result has at most 1,000 characters.")
