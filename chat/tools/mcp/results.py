"""What a server's tool gives, as a model is shown it: text, and sources; hostile like all that comes from outside.

Images are kept for the user (chat/tools/images.py); the model is told in words that there is one.
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator

import mcp_types as types

from chat.core.limits import SOURCE_ADDRESS_CHARACTERS, SOURCES_PER_CALL
from chat.core.reply import storable
from chat.tools.base import Found, Returned, ToolError

NOTHING = "[It gave nothing.]"
TO_USER = "the user is shown it, you are not"


def returned(result: types.CallToolResult) -> Returned:
    """Raises ToolError where the tool says that it failed."""
    text = "\n\n".join(filter(None, map(_words, result.content)))
    if not text and result.structured_content is not None:
        text = json.dumps(result.structured_content, ensure_ascii=False)
    text = storable(text) or NOTHING
    if result.is_error:
        raise ToolError(text)
    return Returned(text, tuple(_sources(result.content)), images=tuple(_images(result.content)))


def _words(block: types.ContentBlock) -> str:
    match block:
        case types.TextContent(text=text):
            return text
        case types.ResourceLink(name=name, uri=uri):
            return f"[{block.title or name}: {uri}]"
        case types.EmbeddedResource(resource=types.TextResourceContents(text=text)):
            return text
        case types.ImageContent(mime_type=kind):
            return f"[an image ({kind}): {TO_USER}]"
    return f"[{block.type}, which is not shown here]"


def _sources(blocks: Iterable[types.ContentBlock]) -> Iterator[Found]:
    links = [block for block in blocks if isinstance(block, types.ResourceLink)]
    for link in links[:SOURCES_PER_CALL]:
        url = str(link.uri)
        if url.startswith(("https://", "http://")) and len(url) <= SOURCE_ADDRESS_CHARACTERS and url.isprintable():
            yield " ".join(storable(link.title or link.name).split())[:200], url, ""


def _images(blocks: Iterable[types.ContentBlock]) -> Iterator[bytes]:
    """As they came, whatever they are; of what is no base64 nothing."""
    for block in blocks:
        if isinstance(block, types.ImageContent):
            try:
                yield b64decode(block.data, validate=True)
            except ValueError:
                yield b""
