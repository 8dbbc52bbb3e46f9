"""The process that inspects one file: it reads it from standard input, and says to standard output what it found.

It bounds itself before it reads: whatever the file makes it do, it ends soon, and it takes no more memory than this.
"""

import json
import resource
import sys
from contextlib import suppress

from chat.attachments.inspection import Limits, inspect
from chat.errors import ChatError

MEMORY = 1_073_741_824
"""Bytes of address space."""
CPU_SECONDS = 10

BOUNDS = {
    resource.RLIMIT_AS: MEMORY,
    resource.RLIMIT_CPU: CPU_SECONDS,
    resource.RLIMIT_FSIZE: 0,  # it writes to no file,
    resource.RLIMIT_CORE: 0,  # not even what is left of it
}


def main() -> None:
    """Its argument are the Limits, as JSON."""
    bound_itself()
    limits = Limits(**json.loads(sys.argv[1]))
    data = sys.stdin.buffer.read()
    try:
        said = inspect(data, limits).as_bytes()
    except ChatError as fault:
        said = json.dumps({"fault": fault.code, "sentence": fault.sentence, "values": fault.values}).encode()
    sys.stdout.buffer.write(said)
    sys.stdout.flush()


def bound_itself() -> None:
    for name, bound in BOUNDS.items():
        with suppress(ValueError, OSError):  # macOS does not know all of them
            resource.setrlimit(name, (bound, bound))


if __name__ == "__main__":
    main()
