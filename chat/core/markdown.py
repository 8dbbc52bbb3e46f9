"""Markdown of the operator's as HTML, made on the server: for what must be read without scripts.

What users and models write is never given to it: browsers make that, and sanitise it (static/chat/js/markdown/).
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


def as_html(text: str) -> str:
    """No HTML of the text's own, no addresses of scripts, and no images, which would be asked for elsewhere.

    Its headings stand one level lower: the page has one of the first level.
    """
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
    return str(parser.renderer.render(tokens, parser.options, {}))


@cache
def _parser() -> "MarkdownIt":
    """Imported where it is used: that takes 150 ms, and most sites have no notice."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
