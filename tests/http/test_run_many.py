"""`make run-many` shows many processes as one site."""

import os
import re
import signal
import subprocess
import sys

import pytest

from tests.support import nginx, postgres, redis
from tests.support.client import Client
from tests.support.site import ROOT

SECONDS = 90


@pytest.mark.skipif(
    not (nginx.PROGRAM and postgres.programs() and redis.program()), reason="nginx, PostgreSQL or Redis is missing"
)
def test_it_serves_by_all_of_them_and_leaves_nothing() -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "CHAT_TITLES": "off"}
    command = [sys.executable, "-u", "-m", "tests.support.run_many"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as shown:
        assert shown.stdout
        said = [shown.stdout.readline() for _ in range(3)]
        pids = [int(found) for found in re.findall(r"process (\d+) on", "".join(said))]
        try:
            assert len(pids) == 2, said
            visitor = Client(re.findall(r"https://[\w.:]+", said[0])[0])
            assert {visitor.get("/accounts/login/", Accept="text/html").status for _ in range(4)} == {200}
            for pid in pids:
                os.kill(pid, 0)
        finally:
            shown.send_signal(signal.SIGINT)
            try:
                shown.wait(SECONDS)
            finally:
                shown.kill()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
