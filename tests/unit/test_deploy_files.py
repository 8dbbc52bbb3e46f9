"""What lies in deploy/ for operators to take."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.site import ROOT

UNIT = ROOT / "deploy/chatsite@.service"
PAGE = (ROOT / "docs/deploy.md").read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_unit_of_many_processes_is_sound(tmp_path: Path) -> None:
    unit = tmp_path / "chatsite@1.service"
    here = UNIT.read_text().replace("/srv/chatsite/.venv/bin/python", sys.executable).replace("chatsite\n", "root\n")
    unit.write_text(here)
    command = ["systemd-analyze", "verify", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "chatsite@1" not in done.stdout + done.stderr


def test_it_is_that_of_one_but_for_its_name_port_and_drain() -> None:
    (_, rest) = PAGE.split("/etc/systemd/system/chatsite.service <<'END'\n")
    one, _, _ = rest.partition("END\n")
    many = UNIT.read_text()
    differ = ("Description=", "Wants=", "After=", "Environment=", "ExecStart=", "TimeoutStopSec=", "#")
    assert _without(many, differ) == _without(one, differ)
    assert "-p 800%i" in many


def test_it_may_take_as_long_to_stop_as_its_answers_take() -> None:
    text = UNIT.read_text()
    stop, notice, drain = (
        int(re.search(rf"{name}=(\d+)", text)[1])
        for name in ("TimeoutStopSec", "CHAT_DRAIN_NOTICE_SECONDS", "CHAT_DRAIN_SECONDS")
    )
    assert stop >= notice + drain + 15


def _without(unit: str, begins: tuple[str, ...]) -> list[str]:
    return [line for line in unit.splitlines() if not line.startswith(begins)]
