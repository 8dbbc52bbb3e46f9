"""What a server says of its tools, as far as models and staff are told."""

import json
from collections.abc import Iterable
from typing import Any

import mcp_types as types

from chat.core.reply import storable
from chat.models.mcp import digest_of

DESCRIPTION_CHARACTERS = 4_000
PARAMETERS_CHARACTERS = 20_000
NAME_CHARACTERS = 200


def definition_of(tool: types.Tool) -> dict[str, Any] | None:
    """None of one whose name, description or schema is longer than a model should be told."""
    title = tool.title or (tool.annotations.title if tool.annotations else "") or ""
    description, parameters = tool.description or "", json.dumps(tool.input_schema, ensure_ascii=False)
    sizes = (tool.name, NAME_CHARACTERS), (description, DESCRIPTION_CHARACTERS), (parameters, PARAMETERS_CHARACTERS)
    if not tool.name or any(len(text) > most for text, most in sizes):
        return None
    return {
        "title": " ".join(storable(title).split())[:100],
        "description": storable(description),
        "parameters": json.loads(storable(parameters)),
    }


def digests(tools: Iterable[types.Tool]) -> dict[str, str]:
    """By name; of two of one name the first."""
    found = dict[str, str]()
    for tool in tools:
        if definition := definition_of(tool):
            found.setdefault(tool.name, digest_of(definition))
    return found
