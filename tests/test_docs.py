"""The documents say what the code does: a setting, an ending or an error code that is missing there fails here."""

import re
from pathlib import Path

import pytest

from chat import errors
from chat.conf import AppSettings
from chat.core.endings import Status
from tests.deploy.page import FOLLOWED, LEFT_OUT, commands, headings

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = (ROOT / "chatsite/settings.py").read_text()
SETTINGS_PAGE = (ROOT / "docs/settings.md").read_text()
PROTOCOL_PAGE = (ROOT / "docs/protocol.md").read_text()

READ = re.findall(r'env\.\w+\(\s*"(\w+)"', SETTINGS)
DOCUMENTED = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", SETTINGS_PAGE, re.MULTILINE))
APP = {name: default for name, default in vars(AppSettings).items() if name.isupper()}
FOR_PROJECTS = {
    "CHAT_LOCAL_MODEL",
    "CHAT_ALLOWED",
    "CHAT_CONFIRM",
    "CHAT_ACCOUNT_PATHS",
    "CHAT_IDENTITY_PATHS",
    "CHAT_STATIC_MIDDLEWARE",
    "CHAT_HEALTH_PATH",
    "CHAT_METRICS_PATH",
    "CHAT_REDIS_URL",
}
"""Settings of the app that the site itself does not take from its environment."""


def test_every_setting_is_documented() -> None:
    assert len(READ) > 20
    assert sorted({*READ, *FOR_PROJECTS}) == sorted(DOCUMENTED)


def test_every_setting_of_the_examples_is_one() -> None:
    page = (ROOT / "docs/accountability.md").read_text()
    blocks = re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    named = {line.partition("=")[0].removesuffix("_FILE") for block in blocks for line in block.splitlines()}
    assert len(blocks) == 3
    assert len(named) > 15
    assert named <= set(READ)


def test_every_setting_of_the_app_is_the_sites_or_a_projects() -> None:
    assert set(APP) <= {*READ, *FOR_PROJECTS}


@pytest.mark.parametrize("name", APP)
def test_a_default_is_what_the_page_says(name: str) -> None:
    default = APP[name]
    said = DOCUMENTED[name].partition(";")[0].strip("` ")
    if isinstance(default, bool):
        assert said == ("on" if default else "off")
    elif isinstance(default, list):
        assert said == (",".join(default) or "empty")
    elif default == "":
        assert said in ("empty", "OpenAI's")
    else:
        assert said == str(default)


def test_every_setting_is_read_once() -> None:
    assert len(READ) == len(set(READ))


@pytest.mark.parametrize("status", [status for status in Status if status != Status.RUNNING])
def test_every_ending_is_documented(status: Status) -> None:
    assert f"| `{status}` |" in PROTOCOL_PAGE


def _kinds(kind: type[errors.ChatError]) -> list[type[errors.ChatError]]:
    return [kind, *(below for sub in kind.__subclasses__() for below in _kinds(sub))]


@pytest.mark.parametrize("kind", _kinds(errors.ChatError)[1:])
def test_every_error_code_is_documented(kind: type[errors.ChatError]) -> None:
    if kind is not errors.UpstreamError:  # the abstract head of its branch
        assert f"`{kind.code}`" in PROTOCOL_PAGE


@pytest.mark.parametrize("page", sorted(path.name for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]))
def test_links_between_documents_lead_somewhere(page: str) -> None:
    path = ROOT / page if (ROOT / page).exists() else ROOT / "docs" / page
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), f"{page} links to {target}"


def test_each_command_for_operators_is_run_or_left_out_by_name() -> None:
    assert headings()[:6] == list(FOLLOWED[:6])
    assert {section for section in headings() if commands(section)} <= {*FOLLOWED, *LEFT_OUT}


def test_all_name_the_same_port() -> None:
    """By which daphne is started, and nginx finds it."""
    documents = (ROOT / "README.md").read_text() + (ROOT / "docs/deploy.md").read_text()
    ports = re.findall(r"daphne -b 127\.0\.0\.1 -p (\d+)|server 127\.0\.0\.1:(\d+);|--port (\d+)", documents)
    assert len(ports) > 3
    assert {port for found in ports for port in found if port} == {"8000"}


GUARANTEES = re.findall(r"^- `(tests/[\w/.]+)::(\w+)`$", (ROOT / "docs/guarantees.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("path", "name"), GUARANTEES)
def test_a_guarantee_is_kept_by_a_test_that_exists(path: str, name: str) -> None:
    assert re.search(rf"^\s*def {name}\(", (ROOT / path).read_text(), re.MULTILINE), f"{path} has no {name}"
