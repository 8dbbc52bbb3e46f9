"""The process that inspects one file: it reads it from standard input, and says to standard output what it found.

It bounds itself before it reads: whatever the file makes it do, it ends soon, and it takes no more memory than this.
"""

import json
import sys

from chat.attachments.bounds import MEMORY, bind_itself, bounds
from chat.attachments.inspection import Limits, inspect
from chat.attachments.records import say
from chat.errors import ChatError

__all__ = ["BOUNDS", "CPU_SECONDS", "MEMORY", "bound_itself"]

CPU_SECONDS = 10
BOUNDS = bounds(CPU_SECONDS)


def main() -> None:
    """Its argument are the Limits, as JSON."""
    bound_itself()
    limits = Limits(**json.loads(sys.argv[1]))
    output = sys.stdout.buffer
    try:
        found = inspect(sys.stdin.buffer.read(), limits)
    except ChatError as fault:
        said = {"fault": fault.code, "sentence": fault.sentence, "values": fault.values}
        say(output, json.dumps(said).encode())
    else:
        for record in found.records():
            say(output, record)
    say(output, b"")
    output.flush()


def bound_itself() -> None:
    bind_itself(BOUNDS)


if __name__ == "__main__":
    main()
