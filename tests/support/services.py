"""What compatible services send, as their documents and their users' reports show it: a stream a file, in services/.

Its first comment says what is odd about it, its second what is to come of it: the parts of the reply, and its ending.
"""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "services"
EXPECTED = ": expected "


def service_streams() -> list[Any]:
    """Each as (bytes, expected): `parts`, `status`, `finish_reason`, `usage`, `code`."""
    return [pytest.param(file.read_bytes(), _expected(file), id=file.stem) for file in sorted(FOLDER.glob("*.sse"))]


def _expected(file: Path) -> dict[str, Any]:
    line = file.read_text().splitlines()[1]
    assert line.startswith(EXPECTED)
    expected: dict[str, Any] = json.loads(line.removeprefix(EXPECTED))
    return expected
