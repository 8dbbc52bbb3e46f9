"""CHAT_PROVIDERS, read: services and their models, or a sentence for each thing that cannot be. Pure.

A sentence names the entry and the member, and never says a value: somebody may have written a key there.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from chat.core.limits import MODEL_CHARACTERS, PROVIDER_CHARACTERS
from chat.core.prompt import Options

TEMPERATURE, MAX_TOKENS, MAX_COMPLETION_TOKENS = "temperature", "max_tokens", "max_completion_tokens"
PARAMETERS = (TEMPERATURE, MAX_TOKENS, MAX_COMPLETION_TOKENS)
"""That a model may take or not. Of the two that limit an answer a model takes one at most."""
WRONG_KEY = 'CHAT_PROVIDERS, provider "{}": the variable {} has a quote or another character that no key has.'
UPSTREAM = "The upstream"
"""What the log calls a service that nobody has to tell from others."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A service that answers."""

    name: str
    """In rows, on the wire and in the log."""
    label: str = ""
    """For people; empty for the short form's, which nobody has to tell from others."""
    address: str = ""
    """With its `/v1`; empty: OpenAI's own."""
    api_key: str = field(default="", repr=False)
    api_key_variable: str = ""
    is_local: bool = False
    """The built-in model, whose address is known once it runs."""

    @property
    def lacks_key(self) -> bool:
        """Is it to have a key, which the environment does not have?"""
        return bool(self.api_key_variable) and not self.api_key

    @property
    def has_wrong_key(self) -> bool:
        """Is what it has for its key none?"""
        return bool(self.api_key) and not is_key(self.api_key)

    @property
    def is_set_up(self) -> bool:
        return bool(self.api_key or self.address or self.is_local)

    @property
    def in_log(self) -> str:
        return f"{UPSTREAM} {self.name!r}" if self.label else UPSTREAM


@dataclass(frozen=True, slots=True)
class Model:
    """A model of a service, as users choose it: one model may stand here twice, with different parameters."""

    key: str
    """That names it on the wire and in rows."""
    name: str
    """That its service knows."""
    provider: Provider
    label: str = ""
    """For people; empty: its key."""
    vision: bool = False
    tools: bool = False
    reasoning: bool = False
    context: int = 0
    """Tokens of prompt and answer together; 0: not known."""
    output: int = 0
    """Tokens of the longest answer; 0: not known."""
    parameters: tuple[str, ...] = (TEMPERATURE, MAX_TOKENS)
    reasoning_effort: str = ""
    """What every request says of it; empty: nothing."""
    offered: bool = True
    """Is it among those that users choose from?"""

    @property
    def title(self) -> str:
        """What people call it."""
        return self.label or self.key

    @property
    def listed(self) -> str:
        """What people call it, and what programs do."""
        return self.key if self.title == self.key else f"{self.label} ({self.key})"

    @property
    def prompt_tokens(self) -> int | None:
        """How long a prompt may be, so that the answer has room, too; None where that is not known."""
        return self.context - (self.output or self.context // 4) if self.context else None

    def request_parameters(self, options: Options) -> dict[str, Any]:
        """What a request says besides its messages: of what is chosen what the model takes, by the names it knows."""
        said: dict[str, Any] = {}
        if options.temperature is not None and TEMPERATURE in self.parameters:
            said[TEMPERATURE] = options.temperature
        for name in (MAX_TOKENS, MAX_COMPLETION_TOKENS):
            if options.max_tokens is not None and name in self.parameters:
                said[name] = min(options.max_tokens, self.output or options.max_tokens)
        return said | ({"reasoning_effort": self.reasoning_effort} if self.reasoning_effort else {})


class Faults(ImproperlyConfigured):
    """What is wrong, a sentence each."""

    def __init__(self, sentences: list[str]) -> None:
        self.sentences = sentences
        super().__init__(" ".join(sentences))


def read(given: Any, environment: Mapping[str, str]) -> tuple[Model, ...]:
    """The models of CHAT_PROVIDERS, with their services and the keys that the environment has. Raises Faults."""
    if sentences := [f"CHAT_PROVIDERS{where}: {what}" for where, what in _faults(given)]:
        raise Faults(sentences)
    providers = [_provider(each, environment) for each in given]
    if sentences := [WRONG_KEY.format(each.name, each.api_key_variable) for each in providers if each.has_wrong_key]:
        raise Faults(sentences)
    models = tuple(
        Model(**{"key": model["name"]} | model | _tuples(model), provider=provider)
        for provider, each in zip(providers, given, strict=True)
        for model in each["models"]
    )
    if not any(model.offered for model in models):
        raise Faults(["CHAT_PROVIDERS: no model is offered to users."])
    return models


def _provider(given: Mapping[str, Any], environment: Mapping[str, str]) -> Provider:
    known = {name: value for name, value in given.items() if name != "models"}
    key = environment.get(known.get("api_key_variable", ""), "").strip()
    return Provider(**{"label": given["name"]} | known, api_key=key)


def _tuples(model: Mapping[str, Any]) -> dict[str, Any]:
    return {"parameters": tuple(model["parameters"])} if "parameters" in model else {}


# What can be wrong

Fault = tuple[str, str]
"""Where, and what."""

TYPES = {str: "a text", bool: "true or false", int: "a whole number from 1 on", list: "a list"}
PROVIDER_MEMBERS: dict[str, type] = {
    "name": str,
    "label": str,
    "address": str,
    "api_key_variable": str,
    "models": list,
}
MODEL_MEMBERS: dict[str, type] = {
    "name": str,
    "key": str,
    "label": str,
    "vision": bool,
    "tools": bool,
    "reasoning": bool,
    "context": int,
    "output": int,
    "parameters": list,
    "reasoning_effort": str,
    "offered": bool,
}
LENGTHS: dict[str, int] = {
    "name": MODEL_CHARACTERS,
    "key": MODEL_CHARACTERS,
    "label": MODEL_CHARACTERS,
    "reasoning_effort": 20,
}
PROVIDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEY = re.compile(r"[!#-&(-~]+(?: [!#-&(-~]+)*")


def _faults(given: Any) -> Iterator[Fault]:
    if not isinstance(given, list | tuple):
        yield "", "this is not a list of providers."
        return
    sound = list[Mapping[str, Any]]()
    for number, provider in enumerate(given, 1):
        where = f", {_named('provider', provider, number)}"
        faults = list(_of_provider(provider))
        yield from ((where + inner, what) for inner, what in faults)
        sound += [] if faults else [provider]
    yield from _twice(sound)


def _twice(providers: list[Mapping[str, Any]]) -> Iterator[Fault]:
    for name, count in Counter(provider["name"] for provider in providers).items():
        if count > 1:
            yield "", f'{count} providers have the name "{name}"; each needs one of its own.'
    owners = dict[str, list[str]]()
    for provider in providers:
        for model in provider["models"]:
            owners.setdefault(model.get("key", model["name"]), []).append(f'"{provider["name"]}"')
    for key, names in owners.items():
        if len(names) > 1:
            of = ", ".join(dict.fromkeys(names))
            yield "", f'{len(names)} models have the key "{key}" (of {of}); give each a `key` of its own.'


def _named(noun: str, given: Any, number: int, member: str = "name") -> str:
    name = given.get(member) if isinstance(given, Mapping) else None
    return f'{noun} "{name}"' if isinstance(name, str) and name.isprintable() and name else f"{noun} {number}"


def _of_provider(given: Any) -> Iterator[Fault]:
    yield from (("", what) for what in _of_members(given, PROVIDER_MEMBERS, ("name", "models")))
    if not isinstance(given, Mapping):
        return
    name, variable, address = (given.get(each) for each in ("name", "api_key_variable", "address"))
    if isinstance(name, str) and not (PROVIDER_NAME.fullmatch(name) and len(name) <= PROVIDER_CHARACTERS):
        yield "", f"`name` is up to {PROVIDER_CHARACTERS} letters, digits, dots, hyphens and underscores."
    if isinstance(variable, str) and not VARIABLE.fullmatch(variable):
        yield "", "`api_key_variable` is the name of an environment variable, and never the key itself."
    if isinstance(address, str) and (fault := _fault_of_address(address)):
        yield "", fault
    if address is None and variable is None:
        yield "", "it has neither an `address` nor an `api_key_variable`."
    models = given.get("models")
    if models == []:
        yield "", "it has no `models`."
    for number, model in enumerate(models if isinstance(models, list) else (), 1):
        where = f", {_named('model', model, number, 'key' if 'key' in model else 'name')}"
        yield from ((where, what) for what in _of_model(model))


def _of_model(given: Any) -> Iterator[str]:
    yield from _of_members(given, MODEL_MEMBERS, ("name",))
    if not isinstance(given, Mapping):
        return
    parameters = given.get("parameters")
    if isinstance(parameters, list):
        if any(each not in PARAMETERS for each in parameters):
            yield f"`parameters` may have {', '.join(PARAMETERS)} and nothing else."
        if MAX_TOKENS in parameters and MAX_COMPLETION_TOKENS in parameters:
            yield f"`parameters` has both {MAX_TOKENS} and {MAX_COMPLETION_TOKENS}; a model takes one of them."
    context, output = given.get("context"), given.get("output")
    if type(context) is int and type(output) is int and 0 < context <= output:
        yield "`output` leaves nothing of `context` for a prompt."


def _of_members(given: Any, members: dict[str, type], needed: tuple[str, ...]) -> Iterator[str]:
    """Of the wrong type, unknown, missing, or too long."""
    if not isinstance(given, Mapping):
        yield "this is not a table of members."
        return
    for name in needed:
        if name not in given:
            yield f"`{name}` is missing."
    for name, value in given.items():
        if name not in members:
            yield f"`{name}` is no member; known are {', '.join(members)}."
        elif type(value) is not members[name] or (type(value) is int and value < 1):
            yield f"`{name}` is {TYPES[members[name]]}."
        elif type(value) is str and not (value.strip() == value != "" and value.isprintable()):
            yield f"`{name}` is empty, or has space around it or a character that cannot be seen."
        elif isinstance(value, str) and len(value) > LENGTHS.get(name, len(value)):
            yield f"`{name}` has more than {LENGTHS[name]} characters."


def _fault_of_address(address: str) -> str:
    if not is_address(address):
        return "`address` is no http:// or https:// address."
    parts = urlsplit(address)
    if parts.username is not None or parts.query or parts.fragment:
        return "`address` has a user, a query or a fragment; a key belongs into the environment (`api_key_variable`)."
    return ""


def is_address(address: str) -> bool:
    """Can an API be asked there?"""
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
    return is_web and address.isprintable() and " " not in address


def is_key(key: str) -> bool:
    """Can it stand in a header? One in quotes comes from a file that was not read as one of settings."""
    return bool(KEY.fullmatch(key))
