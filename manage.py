#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    if sys.argv[1:2] == ["test"]:
        # Django's runner finds classes of unittest alone, which are nine of our tests, and says that all is well.
        sys.exit("pytest runs the tests: `make test`, or some by `make test TESTS=tests/unit/core/test_sse.py`.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    try:
        from django.core.management import execute_from_command_line

        from chatsite.environment.start import faults_in_words
    except ImportError:
        sys.exit("Django is not installed here. Run `make run` once, or activate .venv first.")
    with faults_in_words():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
