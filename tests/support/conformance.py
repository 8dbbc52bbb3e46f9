"""Cases that others wrote, read from the folder beside the project; tests are skipped where it is absent."""

import base64
import json
from typing import Any

import pytest

from tests.support.site import ROOT

FOLDER = ROOT.parent / "shared" / "conformance"
ABSENT = pytest.mark.skip(reason="The folder ../shared/conformance is not here.")


def event_source_cases() -> list[Any]:
    """The connections of web-platform-tests' event streams."""
    if not (file := FOLDER / "wpt_eventsource.json").exists():
        return [pytest.param(None, marks=ABSENT)]
    return [
        pytest.param(connection, id=f"{case['name'].removeprefix('wpt/')}-{number}")
        for case in json.loads(file.read_text())
        for number, connection in enumerate(case["connections"])
    ]


def sent_bytes(connection: dict[str, Any]) -> bytes:
    pieces = [base64.b64decode(piece) for piece in connection.get("chunks_b64", [])]
    pieces += [base64.b64decode(piece) * times for piece, times in connection.get("chunks_rle", [])]
    return b"".join(pieces)


def upstream_replays() -> list[Any]:
    """Recorded upstream streams: (bytes, what they hold)."""
    if not (file := FOLDER / "upstream_replays.json").exists():
        return [pytest.param(b"", {}, marks=ABSENT)]
    return [
        pytest.param((FOLDER / case["file"]).read_bytes(), case["expected"], id=case["name"].rpartition("-")[2])
        for case in json.loads(file.read_text())
    ]
