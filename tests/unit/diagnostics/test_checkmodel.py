"""`manage.py checkmodel`: what it says of services that do this and that."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chat.diagnostics.checkmodel import COLOUR, LONG, SHORT, TIME
from tests.support.upstream import Gate, ScriptedUpstream, Step, answer, calls, done, finish, say, status, think, usage

KEY = "sk-house-do-not-show"


@pytest.fixture
def house() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as house:
        yield house


def checked(settings: Any, house: ScriptedUpstream, model: dict[str, Any], patience: float = 20) -> str:
    """All that the command says, and whether it found something."""
    house_of = {"name": "house", "label": "Our own", "address": house.base_url, "api_key_variable": "HOUSE_KEY"}
    settings.CHAT_PROVIDERS = [house_of | {"models": [{"name": "m"} | model]}]
    said = io.StringIO()
    try:
        call_command("checkmodel", "m", patience=patience, stdout=said, no_color=True)
    except CommandError as exc:
        said.write(str(exc))
    assert KEY not in said.getvalue()
    return said.getvalue()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_KEY", KEY)


def test_a_model_that_does_all_of_it(settings: Any, house: ScriptedUpstream) -> None:
    endless = Gate()
    house.script(LONG, think("Hm"), endless)
    house.script(SHORT, think("Hm"), say("Spring, summer"), finish(), usage(9, 4), done())
    house.script(COLOUR, answer("Red."))
    said = checked(settings, house, {"vision": True, "reasoning": True, "parameters": ["max_completion_tokens"]})
    assert "note  m is the model m of Our own." in said
    for words in (
        "It answers: its first piece came after ",
        "It streams: 2 pieces, the last after ",
        "It says that it has ended: stop.",
        "It can be stopped in the middle",
        "It says its usage: 9 tokens in, 4 out.",
        "It takes what users may set, as far as it is sent: max_completion_tokens.",
        "It shows its reasoning.",
        "It sees images.",
    ):
        assert f"ok    {words}" in said
    assert said.endswith("All is well.\n")
    house.asked(LONG)[0].wait_closed()
    (image,) = house.asked(COLOUR)
    assert image.json["messages"][0]["content"][0]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    assert house.asked(SHORT)[1].json["max_completion_tokens"] == 500


def test_a_model_that_does_little_of_it(settings: Any, house: ScriptedUpstream) -> None:
    house.script(LONG, answer("one two " * 100))
    house.script(SHORT, say("All at once."))
    house.script(SHORT, status(400, "unknown parameter: temperature"))
    house.script(COLOUR, status(400, "no images"))
    said = checked(settings, house, {"vision": True})
    for words in (
        "FAULT It does not stream: its answers come in one piece.",
        "FAULT It ends without a finish reason: all its answers would count as cut.",
        "note  It does not say its usage",
        "FAULT It refuses a parameter of temperature, max_tokens: This model takes no temperature",
        "FAULT It takes no images: The model's service refused the request.",
    ):
        assert words in said
    assert said.endswith("4 faults found.")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (calls(("current_time", {"zone": "UTC"})), "ok    It calls tools."),
        (answer("Noon."), "note  It takes tools, and did not call the one that it was told to use. It said: 'Noon.'."),
        (status(400, "m does not support tools"), "FAULT It takes no tools: This model cannot be given the tools"),
    ],
)
def test_what_it_makes_of_tools(settings: Any, house: ScriptedUpstream, reply: list[Step], words: str) -> None:
    house.script(TIME, reply)
    assert words in checked(settings, house, {"tools": True})
    assert "tools" not in house.asked(SHORT)[0].json


@pytest.mark.parametrize(
    ("vision", "reply", "words"),
    [
        (False, status(400, "no images"), "ok    It takes no images, and is shown none."),
        (False, answer("Red"), "note  It sees images, and is shown none. What to do: `vision = true`"),
        (True, answer("I see none."), "note  It took an image of a red square and said: 'I see none.'"),
    ],
)
def test_images_are_compared_with_what_settings_say(
    settings: Any, house: ScriptedUpstream, vision: bool, reply: list[Step], words: str
) -> None:
    house.script(COLOUR, reply)
    assert words in checked(settings, house, {"vision": vision})


@pytest.mark.parametrize(
    ("reply", "patience", "words"),
    [
        (status(401, f"wrong key {KEY}"), 20, "does not accept this site's key"),
        (status(404), 20, "does not know this model"),
        ([Gate()], 0.3, "The model took too long to answer."),
    ],
)
def test_a_model_that_does_not_answer(
    settings: Any, house: ScriptedUpstream, reply: list[Step], patience: float, words: str
) -> None:
    house.script(LONG, reply)
    said = checked(settings, house, {}, patience)
    assert "FAULT It does not answer: " in said
    assert words in said
    assert said.endswith("1 fault found.")


def test_a_name_that_nobody_has(settings: Any, house: ScriptedUpstream) -> None:
    assert checked(settings, house, {"key": "other"}) == "No model has the key 'm'. Known are: other."


def test_settings_that_cannot_be(settings: Any, house: ScriptedUpstream) -> None:
    assert "`vision` is true or false." in checked(settings, house, {"vision": 1})
