"""What a function's signature and docstring say of it: a schema for models, and a check of what they send."""

import inspect
import json
import typing
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema, PydanticJsonSchemaWarning

from chat.tools.base import Context, InvalidArguments

FAULTS = 5
"""Of arguments that a model is told at once."""
BARE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)


class Undescribable(Exception):
    """There is no schema for this function; says why."""


class _Schema(GenerateJsonSchema):
    """Without titles, which say a name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Signature:
    description: str
    parameters: dict[str, Any]
    context: str
    """The argument that is given the context; empty if none is."""
    model: type[BaseModel]

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """By their names. Raises InvalidArguments."""
        try:
            checked = self.model.model_validate(arguments)
        except ValidationError as exc:
            raise InvalidArguments(_faults(exc)) from exc
        fields = self.model.model_fields.items()
        return {str(field.alias): getattr(checked, name) for name, field in fields}


def signature_of(function: Callable[..., Any]) -> Signature:
    """Raises Undescribable."""
    names = inspect.signature(function).parameters
    types = _types(function)
    context = next((name for name in names if _is_context(types.get(name, None), name)), "")
    description, described = _parsed(inspect.getdoc(function) or "", names.keys() - {context})
    if not description:
        raise Undescribable("it has no docstring, by which a model knows what it is for")
    fields = {
        # Names of its own: those of arguments may be what pydantic keeps for itself.
        f"argument_{number}": _field(parameter, types, described)
        for number, parameter in enumerate(names.values())
        if parameter.name != context
    }
    model, parameters = _model(fields)
    return Signature(description, parameters, context, model)


def _types(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as exc:
        raise Undescribable(f"its annotations cannot be read: {exc}") from exc


def _is_context(annotation: Any, name: str) -> bool:
    return annotation is Context or (annotation is None and name == "context")


def _field(parameter: inspect.Parameter, types: dict[str, Any], described: dict[str, str]) -> tuple[Any, Any]:
    name = parameter.name
    if parameter.kind in BARE:
        raise Undescribable(f"its argument {name!r} has no name of its own: models give arguments by name")
    if name not in types:
        raise Undescribable(f"its argument {name!r} has no annotation, so nobody knows what it takes")
    default = ... if parameter.default is parameter.empty else parameter.default
    said = {"description": described[name]} if name in described else {}
    return types[name], Field(default, alias=name, **said)  # type: ignore[call-overload]


def _model(fields: dict[str, tuple[Any, Any]]) -> tuple[type[BaseModel], dict[str, Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PydanticJsonSchemaWarning)  # of a default that is no JSON
            model = create_model("Arguments", __config__=ConfigDict(extra="forbid"), **fields)  # type: ignore[call-overload]
            parameters = model.model_json_schema(schema_generator=_Schema)
        parameters.pop("title", None)
        json.dumps(parameters)
    except Exception as exc:  # pydantic has many kinds for a type that it does not know
        raise Undescribable(f"its arguments cannot be described: {str(exc).partition(chr(10))[0]}") from exc
    return model, parameters | {"properties": parameters.get("properties", {})}


def _faults(exc: ValidationError) -> str:
    """In words for the model, which knows what it has sent."""
    faults = exc.errors(include_url=False, include_context=False, include_input=False)
    said = [f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}" for each in faults[:FAULTS]]
    return "; ".join(said)


# Docstrings


def _parsed(doc: str, names: set[str]) -> tuple[str, dict[str, str]]:
    """What it says of the function, and of each argument: `name: what it is`, further lines of it indented more.

    What others write for arguments is understood, too: `:param name:`, and `name (str):` below `Args:`.
    """
    said, described = list[str](), dict[str, str]()
    name, indent = "", 0
    for line in doc.splitlines():
        found, words = _argument(line, names)
        here = len(line) - len(line.lstrip())
        if found:
            name, indent = found, here
            described[name] = words
        elif name and line.strip() and here > indent:
            described[name] += " " + line.strip()
        elif line.strip() not in ("Args:", "Arguments:"):
            name = ""
            said.append(line)
    return "\n".join(said).strip(), {name: words.strip() for name, words in described.items()}


def _argument(line: str, names: set[str]) -> tuple[str, str]:
    """Which one this line begins to describe, and what it says; ("", "") for any other line."""
    head, colon, words = line.strip().removeprefix(":param ").partition(":")
    name = head.partition("(")[0].strip()
    return (name, words.strip()) if colon and name in names else ("", "")
