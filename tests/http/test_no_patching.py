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


@pytest.fixture(scope="module")
def found(django_db_setup: None) -> dict[str, dict[str, Any]]:
    """What differs under ASGI, and under `runserver`."""
    command = [sys.executable, "-m", "tests.support.patches"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(("asgi", "runserver"), map(json.loads, done.stdout.splitlines()[-2:]), strict=True))


def test_the_site_leaves_everything_as_it_was(found: dict[str, dict[str, Any]]) -> None:
    result = found["asgi"]
    assert result["imported"] == EXCEPTION
    assert result["asked"] == EXCEPTION
    assert len(result["statuses"]) == 20
    assert set(result["statuses"]) == {200, 302, 401, 403, 404}


def test_so_does_runserver(found: dict[str, dict[str, Any]]) -> None:
    result = found["runserver"]
    assert result["asked"] == EXCEPTION
    assert len(result["statuses"]) == 20
    assert max(result["statuses"]) < 500
