"""The tree of errors: each kind fit to be shown."""

from collections.abc import Iterator

import pytest

from chat import errors


def kinds(kind: type[errors.ChatError] = errors.ChatError) -> Iterator[type[errors.ChatError]]:
    """Those of the tree. What another module makes of one says more in its own words, under the same code."""
    if kind.__module__ == errors.__name__:
        yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


@pytest.mark.parametrize("kind", list(kinds()))
def test_carries_a_code_a_status_and_a_sentence(kind: type[errors.ChatError]) -> None:
    error = kind()
    assert error.code
    assert 400 <= error.status < 600
    assert error.message[0].isupper()
    assert error.message.endswith(".")
    assert error.as_json() == {"error": {"code": error.code, "message": error.message}}


def test_every_code_is_of_one_kind() -> None:
    codes = [kind.code for kind in kinds()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.BadInput, 400),
        (errors.NotLoggedIn, 401),
        (errors.Forbidden, 403),
        (errors.NotFound, 404),
        (errors.MethodNotAllowed, 405),
        (errors.Conflict, 409),
        (errors.TooLong, 413),
        (errors.Unsupported, 415),
        (errors.TooMany, 429),
        (errors.Unavailable, 503),
    ],
)
def test_answers_with_the_status_of_the_protocol(kind: type[errors.ChatError], status: int) -> None:
    assert kind.status == status


def test_names_the_fields_that_are_wrong() -> None:
    error = errors.BadInput(fields={"text": "Write something first."})
    assert error.as_json()["error"]["fields"] == {"text": "Write something first."}


def test_a_message_and_a_code_of_its_own_change_no_other_error() -> None:
    error = errors.Forbidden("Reload the page.", code="csrf")
    assert (error.message, error.code) == ("Reload the page.", "csrf")
    assert errors.Forbidden().code == "forbidden"
