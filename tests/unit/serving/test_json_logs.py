"""The log as JSON."""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import datetime

import pytest
from django.test import RequestFactory

from chat.failures.subject import request_id, subject
from chat.serving.json_logs import JSONLines


@pytest.fixture(autouse=True)
def about_nothing() -> Iterator[None]:
    """Whatever other tests have left."""
    tokens = [(variable, variable.set("")) for variable in (request_id, subject)]
    yield
    for variable, token in tokens:
        variable.reset(token)


def said(level: int = logging.INFO, message: str = "Something", *args: object, **more: object) -> dict[str, str]:
    record = logging.LogRecord("chat.room", level, __file__, 1, message, args, None)
    vars(record).update(more)
    line = JSONLines().format(record)
    assert "\n" not in line
    found: dict[str, str] = json.loads(line)
    return found


def test_a_line_is_an_object_with_its_time_in_utc() -> None:
    line = said(logging.WARNING, "%s of %s", "Größe", 3)
    assert datetime.fromisoformat(line.pop("time")).utcoffset() is not None
    assert line == {"level": "WARNING", "logger": "chat.room", "message": "Größe of 3"}


def test_it_says_of_which_request_and_generation(request: pytest.FixtureRequest) -> None:
    for variable, value in ((request_id, "0123456789abcdef"), (subject, "generation 7")):
        token = variable.set(value)
        request.addfinalizer(lambda variable=variable, token=token: variable.reset(token))
    line = said()
    assert (line["request"], line["about"]) == ("0123456789abcdef", "generation 7")


def test_what_hangs_on_a_record_stays_out_of_it() -> None:
    line = said(request=RequestFactory().get("/search/?q=my+illness"), status_code=404)
    assert line.keys() == {"time", "level", "logger", "message"}


def test_a_traceback_is_one_value_without_rows() -> None:
    words = "duplicate\nDETAIL: Key (text)=(my illness)"
    try:
        raise ValueError(words)
    except ValueError:
        line = said(exc_info=sys.exc_info())
    assert "ValueError: duplicate" in line["traceback"]
    assert "illness" not in json.dumps(line)


def test_lines_of_text_in_a_message_stay_one_line() -> None:
    assert said(message="one\ntwo\u2028three")["message"] == "one\ntwo\u2028three"
