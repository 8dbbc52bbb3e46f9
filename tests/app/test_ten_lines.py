"""The first lines of docs/app.md, followed in a project that `startproject` has just made."""

import re
import subprocess
from pathlib import Path

from tests.support.site import ROOT

PAGE = (ROOT / "docs/app.md").read_text()
SETTINGS, URLS = re.search(r"# settings\.py\n(.*?)\n\n# urls\.py\n(.*?)\n```", PAGE, re.DOTALL).groups()
ASKED = """
from django.core.management import call_command, get_commands
from django.urls import reverse
print(get_commands()["runserver"], reverse("chat:new"), reverse("admin:login"))
call_command("check")
"""


def test_make_runserver_one_that_streams(python: Path, tmp_path: Path) -> None:
    run(tmp_path, python, "-m", "django", "startproject", "project", ".")
    settings, urls = tmp_path / "project/settings.py", tmp_path / "project/urls.py"
    settings.write_text(f"{settings.read_text()}\nimport os\n{SETTINGS.replace('...', '*INSTALLED_APPS')}\n")
    imported = "from django.urls import include\n"
    urls.write_text(f"{urls.read_text()}\n{imported}{URLS.replace('...', '*urlpatterns')}\n")
    said = run(tmp_path, python, "manage.py", "shell", "-v0", "-c", ASKED, OPENAI_API_KEY="sk-none")
    assert said.startswith("daphne /assistant/ /admin/login/")
    assert "chat.W002" not in said, "Nothing says that the project is served by ASGI"


def run(folder: Path, *command: str | Path, **variables: str) -> str:
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
