"""Nothing assigns to an attribute of Django, asgiref or daphne: what behaves otherwise is a subclass."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.site import ROOT, environment

EXCEPTION = ["daphne.cli.CommandLineInterface.server_class"]
"""`python -m daphne` has no other way to be told of a server (chat/serving/daphne.py)."""

pytestmark = pytest.mark.usefixtures("committed")


def found(how: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.support.patches", how]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_the_site_leaves_everything_as_it_was() -> None:
    result = found("asgi")
    assert result["imported"] == EXCEPTION
    assert result["asked"] == EXCEPTION
    assert len(result["statuses"]) == 20
    assert set(result["statuses"]) == {200, 302, 401, 403, 404}


def test_so_does_runserver() -> None:
    result = found("runserver")
    assert result["asked"] == EXCEPTION
    assert len(result["statuses"]) == 20
    assert max(result["statuses"]) < 500
