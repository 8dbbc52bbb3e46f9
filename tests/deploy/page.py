"""The commands of docs/deploy.md, by section, as they stand there."""

import re
from textwrap import dedent

from tests.support.site import ROOT

PAGE = ROOT / "docs/deploy.md"

FOLLOWED = (
    *("1. The program", "2. The settings", "3. The database and the static files", "4. The process", "5. nginx"),
    *("6. Check the way", "How it is", "Backups", "Restore on a new machine", "Upgrades"),
    *("PostgreSQL", "Redis", "Many processes"),
)
"""The sections whose commands are run, in this order (test_page.py)."""
LEFT_OUT = {
    "Other servers": "which are not the page's to install",
    "Another SECRET_KEY": "whose block is lines of .env",
}
"""The others that have commands, and why those are not run."""


def commands(section: str) -> list[str]:
    """What the blocks of commands below a heading say, in order: `commands("4. The process")`."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", _sections()[section], re.MULTILINE | re.DOTALL)
    return [dedent(block) for block in blocks]


def headings() -> list[str]:
    return list(_sections())


def _sections() -> dict[str, str]:
    _, *parts = re.split(r"^## (.+)\n", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))
