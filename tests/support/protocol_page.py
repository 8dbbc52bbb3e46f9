"""The examples of docs/protocol.md, as they stand there."""

import re

from tests.support.site import ROOT


def examples(language: str) -> str:
    """The code in this language."""
    page = (ROOT / "docs/protocol.md").read_text()
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found
    return "\n".join(found)
