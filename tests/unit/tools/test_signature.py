"""What a function says of itself to models, and what of theirs it takes."""

import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from chat.tools import Context
from chat.tools.base import InvalidArguments
from chat.tools.python import made
from chat.tools.signature import Undescribable, signature_of


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


def find_orders(
    context: Context,
    customer: str,
    since: datetime.date | None = None,
    size: Size = Size.SMALL,
    status: Literal["open", "closed"] = "open",
    schema: Annotated[int, Field(ge=1, description="which one")] = 1,
) -> list[dict]:
    """Orders of a customer, newest first.

    Of all shops: also of those that are closed.

    customer: name or e-mail address,
        or a part of it
    since: the first day
    """
    return []


def test_the_schema_comes_from_the_signature_and_the_docstring() -> None:
    found = signature_of(find_orders)
    assert found.context == "context"
    assert found.description == ("Orders of a customer, newest first.\n\nOf all shops: also of those that are closed.")
    properties = found.parameters["properties"]
    assert list(properties) == ["customer", "since", "size", "status", "schema"]
    assert properties["customer"] == {
        "type": "string",
        "description": "name or e-mail address, or a part of it",
    }
    assert properties["since"]["anyOf"] == [{"type": "string", "format": "date"}, {"type": "null"}]
    assert properties["status"] == {"enum": ["open", "closed"], "type": "string", "default": "open"}
    assert properties["schema"] == {"type": "integer", "minimum": 1, "default": 1, "description": "which one"}
    assert found.parameters["required"] == ["customer"]
    assert found.parameters["additionalProperties"] is False


def test_arguments_are_what_the_annotations_say() -> None:
    checked = signature_of(find_orders).check(
        {"customer": "Bob", "since": "2026-11-29", "size": "large", "schema": "2"}
    )
    assert checked == {
        "customer": "Bob",
        "since": datetime.date(2026, 11, 29),
        "size": Size.LARGE,
        "status": "open",
        "schema": 2,
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "customer: Field required"),
        ({"customer": 5}, "customer: Input should be a valid string"),
        ({"customer": "Bob", "schema": 0}, "schema: Input should be greater than or equal to 1"),
        ({"customer": "Bob", "context": {}}, "context: Extra inputs are not permitted"),
        ({"customer": "Bob", "colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_a_model_is_told_what_is_wrong_with_its_arguments(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        signature_of(find_orders).check(arguments)
    assert caught.value.sentence == sentence


def google(customer: str, most: int = 5) -> str:
    """Orders.

    Args:
        customer (str): the name
        most: how many,
            at most
    """
    return ""


def sphinx(customer: str, most: int = 5) -> str:
    """Orders.

    :param customer: the name
    :param most: how many, at most
    """
    return ""


@pytest.mark.parametrize("function", [google, sphinx])
def test_other_styles_of_docstrings_are_understood(function: Any) -> None:
    found = signature_of(function)
    assert found.description == "Orders."
    described = {name: each["description"] for name, each in found.parameters["properties"].items()}
    assert described == {"customer": "the name", "most": "how many, at most"}


def nothing() -> str:
    """The time."""
    return ""


def test_a_function_without_arguments_has_a_schema() -> None:
    assert signature_of(nothing).parameters == {"type": "object", "properties": {}, "additionalProperties": False}


def undocumented(customer: str) -> str:
    return ""


def unannotated(customer) -> str:  # type: ignore[no-untyped-def]
    """Orders."""
    return ""


def several(*customers: str) -> str:
    """Orders."""
    return ""


def any_others(**filters: str) -> str:
    """Orders."""
    return ""


def unknown_type(customer: "Customer") -> str:  # type: ignore[name-defined] # noqa: F821
    """Orders."""
    return ""


def no_json(customer: Context | object) -> str:
    """Orders."""
    return ""


def no_json_by_default(customer: Any = object()) -> str:  # noqa: B008
    """Orders."""
    return ""


def one_by_one(most: int) -> Any:
    """Orders."""
    yield most


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (undocumented, "no docstring"),
        (unannotated, "its argument 'customer' has no annotation"),
        (several, "'customers' has no name of its own"),
        (any_others, "'filters' has no name of its own"),
        (unknown_type, "its annotations cannot be read: name 'Customer' is not defined"),
        (no_json, "cannot be described"),
        (no_json_by_default, "cannot be described"),
        (one_by_one, "it is a generator"),
    ],
)
def test_what_cannot_be_described_says_why(function: Any, reason: str) -> None:
    with pytest.raises(Undescribable, match=reason):
        made(function)


@pytest.mark.parametrize("name", ["orders.find", "bestellungen_für", "find orders", "x" * 65])
def test_names_are_those_that_services_take(name: str) -> None:
    with pytest.raises(Undescribable, match="services take no such name"):
        made(find_orders, name=name)
    assert made(find_orders, name="x" * 64).name == "x" * 64
