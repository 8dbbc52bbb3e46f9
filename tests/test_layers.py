"""The layers of DESIGN.md, "The layout": imports point down."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHAT = ROOT / "chat"

LAYERS = [
    (
        "chat.errors",
        "chat.inspection",
        "chat.sse",
        "chat.reply",
        "chat.prompts",
        "chat.outline",
        "chat.window",
        "chat.stopwatch",
        "chat.archive.document",
        "chat.archive.chatgpt",
        "chat.archive.markdown",
        "chat.archive.reading",
        "chat.words",
        "chat.sentences",
    ),
    (
        "chat.exchange",
        "chat.local_model",
        "chat.database",
        "chat.shutdown",
        "chat.tasks",
        "chat.sandbox",
        "chat.deadline",
        "chat.translation",
    ),
    ("chat.upstream",),
    ("chat.models",),
    (
        "chat.archive",
        "chat.attaching",
        "chat.bearing",
        "chat.search",
        "chat.sharing",
        "chat.turns",
        "chat.feedback",
        "chat.keeping",
        "chat.listing",
        "chat.forms",
        "chat.library",
        "chat.option_forms",
        "chat.preferences",
        "chat.endings",
        "chat.sweep",
        "chat.titles",
        "chat.traces",
        "chat.erasure",
        "chat.expiry",
        "chat.temporary",
    ),
    ("chat.engine",),
    ("chat.follower",),
    ("chat.assets",),
    ("chat.views", "chat.admin", "chat.templatetags", "chat.apps"),
    ("chat.streamcheck", "chat.urls"),
    ("chat.management",),
]
"""From the bottom to the top. A module imports from lower layers and from its own."""

PURE = LAYERS[0]
ONLY = {
    "PIL": ["chat.inspection.images"],
    "pypdf": ["chat.inspection.pdfs"],
    "pydantic": ["chat.archive.chatgpt", "chat.archive.document"],
    "openai": ["chat.upstream"],
    "httpx2": ["chat.upstream"],
    "aiohttp": ["chat.upstream"],
    "redis": ["chat.exchange.redis"],
    "xllamacpp": ["chat.local_model"],
}
"""Packages, and the modules that alone may import them."""
NEVER = {
    "chat.models": ["chat.engine", "chat.follower", "chat.turns", "chat.upstream", "chat.views"],
    "chat.upstream": ["chat.models", "chat.engine", "django.db"],
    "chat.exchange": ["chat.models", "chat.engine", "django.db"],
    "chat.local_model": ["chat.models", "django"],
    "chat": ["chatsite", "tests"],
    **{module: ["django"] for module in PURE},
}


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def layer_of(module: str) -> int | None:
    return next((level for level, names in enumerate(LAYERS) if any(is_in(module, name) for name in names)), None)


def imports(module: str, source: str) -> set[str]:
    """What a module imports, but for type checkers alone."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports are not used here"
            assert node.module
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def violations(module: str, source: str) -> list[str]:
    found = []
    level = layer_of(module)
    if level is None and module != "chat":
        found.append(f"{module} belongs to no layer")
    for imported in sorted(imports(module, source)):
        above = layer_of(imported)
        if level is not None and above is not None and above > level:
            found.append(f"{module} imports {imported}, which lies above it")
        for package, allowed in ONLY.items():
            if is_in(imported, package) and module not in allowed:
                found.append(f"{module} imports {imported}; only {allowed} may")
        for name, forbidden in NEVER.items():
            found += [
                f"{module} must not import {imported}"
                for package in forbidden
                if is_in(module, name) and is_in(imported, package)
            ]
    return found


def modules() -> dict[str, Path]:
    files = [file for file in CHAT.rglob("*.py") if "migrations" not in file.parts]
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_point_down(module: str) -> None:
    assert violations(module, modules()[module].read_text()) == []


@pytest.mark.parametrize("package", ["openai", "httpx2", "redis", "xllamacpp"])
def test_the_rest_of_the_project_leaves_packages_to_their_module(package: str) -> None:
    for file in [*(ROOT / "chatsite").rglob("*.py"), ROOT / "manage.py"]:
        assert not any(is_in(name, package) for name in imports(str(file), file.read_text())), file


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("chat.models.message", "from chat.engine import engine"),
        ("chat.models.message", "def f():\n    from chat import engine"),
        ("chat.upstream", "from chat.models import Message"),
        ("chat.exchange.memory", "import chat.models.message"),
        ("chat.engine", "from chat.views.streams import event_stream"),
        ("chat.engine", "import openai"),
        ("chat.views.messages", "from openai import AsyncOpenAI"),
        ("chat.exchange.memory", "import redis.asyncio"),
        ("chat.reply", "from django.utils import timezone"),
        ("chat.reply", "from chat.exchange import LiveReply"),
        ("chat.sse", "import django"),
        ("chat.turns", "from chat import engine"),
        ("chat.forms", "from chatsite import accounts"),
        ("chat.somewhere", ""),
    ],
)
def test_a_violation_would_be_found(module: str, source: str) -> None:
    assert violations(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("chat.models.message", "from chat.reply import Reply\nfrom chat.models.generation import LEASE"),
        ("chat.exchange.redis", "import redis.asyncio"),
        ("chat.upstream", "import openai, httpx2\nfrom django.conf import settings"),
        ("chat.models.message", "if TYPE_CHECKING:\n    from chat.engine import Engine"),
    ],
)
def test_what_is_allowed_is_not(module: str, source: str) -> None:
    assert violations(module, source) == []
