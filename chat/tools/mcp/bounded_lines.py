"""Runs a command whose output has no line that is longer than it is told: such a one ends it.

A program of its own, `python -I bounded_lines.py BYTES COMMAND…`, which needs neither Django nor a project. The
package that reads what a server writes would keep a line until it ends, however long it is. What is written to the
command goes straight to it.
"""

import subprocess
import sys
from collections.abc import Sequence


def run(most: int, command: Sequence[str]) -> int:
    """Its exit status; 1 where a line had more than `most` bytes, with the line end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - a setting names it
        assert process.stdout
        sys.stdin.close()  # it is the command's alone
        while line := process.stdout.readline(most + 1):
            if len(line) > most:
                process.kill()
                return 1
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
    return process.returncode


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), sys.argv[2:]))
