"""CHAT_PROVIDERS: what it makes, and the sentence for each thing that cannot be."""

from typing import Any

import pytest

from chat.core.prompt import Options
from chat.providers.configuration import Faults, Model, read

KEY = "sk-never-to-be-said"
HOUSE: dict[str, Any] = {"name": "house", "address": "http://127.0.0.1:9/v1", "models": [{"name": "llama"}]}


def models(*providers: dict[str, Any]) -> dict[str, Model]:
    return {model.key: model for model in read(providers, {"THE_KEY": f" {KEY}\n"})}


def test_a_model_of_which_little_is_said() -> None:
    (model,) = models(HOUSE).values()
    assert (model.key, model.name, model.title, model.listed) == ("llama", "llama", "llama", "llama")
    assert (model.vision, model.tools, model.reasoning, model.prompt_tokens) == (False, False, False, None)
    assert (model.provider.name, model.provider.label, model.provider.api_key) == ("house", "house", "")
    assert (model.provider.is_set_up, model.provider.lacks_key) == (True, False)


def test_all_that_can_be_said() -> None:
    said = {
        "key": "o-high",
        "name": "o",
        "label": "O, thorough",
        "vision": True,
        "tools": True,
        "reasoning": True,
        "context": 1_000,
        "output": 400,
        "parameters": ["max_completion_tokens"],
        "reasoning_effort": "high",
        "offered": False,
    }
    hub = {"name": "hub", "label": "The Hub", "api_key_variable": "THE_KEY", "models": [said, {"name": "o"}]}
    found = models(hub)
    model = found["o-high"]
    assert {name: getattr(model, name) for name in said} == said | {"parameters": ("max_completion_tokens",)}
    assert (model.prompt_tokens, model.listed, found["o"].name) == (600, "O, thorough (o-high)", "o")
    assert (model.provider.api_key, model.provider.label) == (KEY, "The Hub")
    assert KEY not in repr(model)
    assert models(HOUSE | {"models": [{"name": "x", "context": 1_000}]})["x"].prompt_tokens == 750


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ({}, Options("", 0.5, 40), {"temperature": 0.5, "max_tokens": 40}),
        ({}, Options(), {}),
        ({"output": 30}, Options("", 0.0, 40), {"temperature": 0.0, "max_tokens": 30}),
        ({"output": 30}, Options("", None, 20), {"max_tokens": 20}),
        ({"parameters": ["max_completion_tokens"]}, Options("", 0.5, 40), {"max_completion_tokens": 40}),
        ({"parameters": []}, Options("", 0.5, 40), {}),
        ({"reasoning_effort": "low"}, Options(), {"reasoning_effort": "low"}),
    ],
)
def test_a_request_says_what_the_model_takes(model: dict[str, Any], options: Options, said: dict[str, Any]) -> None:
    (found,) = models(HOUSE | {"models": [{"name": "m"} | model]}).values()
    assert found.request_parameters(options) == said


def test_a_variable_that_is_not_set_is_no_fault_of_the_others() -> None:
    found = models(HOUSE, HOUSE | {"name": "hub", "api_key_variable": "NONE", "models": [{"name": "o"}]})
    assert [model.provider.lacks_key for model in found.values()] == [False, True]


def with_model(**said: Any) -> list[Any]:
    return [HOUSE | {"models": [{"name": "m"} | said]}]


def with_provider(**said: Any) -> list[Any]:
    return [HOUSE | said]


IN_MODEL = 'CHAT_PROVIDERS, provider "house", model "m": '
IN_PROVIDER = 'CHAT_PROVIDERS, provider "house": '
FAULTS: list[tuple[Any, str]] = [
    ("providers.toml", "CHAT_PROVIDERS: this is not a list of providers."),
    ({"house": HOUSE}, "CHAT_PROVIDERS: this is not a list of providers."),
    (["house"], "CHAT_PROVIDERS, provider 1: this is not a table of members."),
    ([{}], "CHAT_PROVIDERS, provider 1: `name` is missing."),
    ([HOUSE | {"name": 5}], "CHAT_PROVIDERS, provider 1: `name` is a text."),
    ([HOUSE, HOUSE | {"name": "a b", "models": [{"name": "x"}]}], 'provider "a b": `name` is up to 50 letters'),
    ([HOUSE | {"name": "x" * 51}], "`name` is up to 50 letters, digits, dots, hyphens and underscores."),
    (with_provider(api_key=KEY), IN_PROVIDER + "`api_key` is no member; known are name, label, address"),
    (with_provider(api_key_variable=KEY), IN_PROVIDER + "`api_key_variable` is the name of an environment variable"),
    (with_provider(label=""), IN_PROVIDER + "`label` is empty, or has space around it"),
    (with_provider(label=" x"), IN_PROVIDER + "`label` is empty, or has space around it"),
    (with_provider(label="a\u202eb"), IN_PROVIDER + "`label` is empty, or has space around it or a character"),
    (with_provider(address="example.org/v1"), IN_PROVIDER + "`address` is no http:// or https:// address."),
    (with_provider(address="http://"), IN_PROVIDER + "`address` is no http:// or https:// address."),
    (with_provider(address="http://h:99999/v1"), IN_PROVIDER + "`address` is no http:// or https:// address."),
    (with_provider(address="http://[x/v1"), IN_PROVIDER + "`address` is no http:// or https:// address."),
    (with_provider(address=f"https://x:{KEY}@h/v1"), IN_PROVIDER + "`address` has a user, a query or a fragment"),
    (with_provider(address=f"https://h/v1?key={KEY}"), IN_PROVIDER + "`address` has a user, a query or a fragment"),
    ([{"name": "house", "models": [{"name": "m"}]}], IN_PROVIDER + "it has neither an `address` nor"),
    (with_provider(models=[]), IN_PROVIDER + "it has no `models`."),
    (with_provider(models={"name": "m"}), IN_PROVIDER + "`models` is a list."),
    (with_provider(models=["m"]), 'provider "house", model 1: this is not a table of members.'),
    (with_provider(models=[{"label": "M"}]), 'provider "house", model 1: `name` is missing.'),
    (with_model(vision="yes"), IN_MODEL + "`vision` is true or false."),
    (with_model(tools=1), IN_MODEL + "`tools` is true or false."),
    (with_model(context=0), IN_MODEL + "`context` is a whole number from 1 on."),
    (with_model(output=-1), IN_MODEL + "`output` is a whole number from 1 on."),
    (with_model(context=True), IN_MODEL + "`context` is a whole number from 1 on."),
    (with_model(context=1e6), IN_MODEL + "`context` is a whole number from 1 on."),
    (with_model(context=8, output=8), IN_MODEL + "`output` leaves nothing of `context` for a prompt."),
    (with_model(parameters="temperature"), IN_MODEL + "`parameters` is a list."),
    (with_model(parameters=["top_p"]), IN_MODEL + "`parameters` may have temperature, max_tokens, max_completion"),
    (with_model(parameters=[["temperature"]]), IN_MODEL + "`parameters` may have temperature"),
    (with_model(parameters=["max_tokens", "max_completion_tokens"]), IN_MODEL + "`parameters` has both"),
    (with_model(reasoning_effort=3), IN_MODEL + "`reasoning_effort` is a text."),
    (with_model(visoin=True), IN_MODEL + "`visoin` is no member"),
    (with_model(name="x" * 201), "`name` has more than 200 characters."),
    (with_model(key=["a"]), 'provider "house", model 1: `key` is a text.'),
    ([HOUSE, HOUSE | {"models": [{"name": "other"}]}], 'CHAT_PROVIDERS: 2 providers have the name "house"'),
    ([HOUSE, HOUSE | {"name": "hub"}], '2 models have the key "llama" (of "house", "hub"); give each a `key`'),
    (with_provider(models=[{"name": "a"}, {"name": "b", "key": "a"}]), '2 models have the key "a" (of "house")'),
    (with_model(offered=False), "CHAT_PROVIDERS: no model is offered to users."),
]


@pytest.mark.parametrize(("given", "sentence"), FAULTS, ids=[sentence for _given, sentence in FAULTS])
def test_what_cannot_be_is_said_of_its_entry(given: Any, sentence: str) -> None:
    with pytest.raises(Faults) as raised:
        read(given, {})
    assert sentence in str(raised.value)
    assert KEY not in str(raised.value)


def test_all_faults_are_said_at_once() -> None:
    with pytest.raises(Faults) as raised:
        read([HOUSE | {"label": "", "models": [{"name": "m", "vision": 1, "x": 1}]}], {})
    assert len(raised.value.sentences) == 3
