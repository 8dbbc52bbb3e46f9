"""The tests' settings, with the templates of the project before ours."""

from pathlib import Path

from tests.support.settings import *  # noqa: F403
from tests.support.settings import TEMPLATES

TEMPLATES[0]["DIRS"] = [Path(__file__).parent / "templates", *TEMPLATES[0]["DIRS"]]
