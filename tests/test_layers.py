"""The layers of DESIGN.md, "The layout": imports point down."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHAT = ROOT / "chat"

LAYERS = [
    (
        "chat.errors",
        "chat.attachments.inspection",
        "chat.core.sse",
        "chat.core.reply",
        "chat.core.prompt",
        "chat.core.tree",
        "chat.core.pagination",
        "chat.generation.stopwatch",
        "chat.import_export.document",
        "chat.import_export.chatgpt",
        "chat.import_export.markdown",
        "chat.import_export.file_reader",
        "chat.core.search_terms",
        "chat.i18n",
    ),
    (
        "chat.live.exchange",
        "chat.providers.local",
        "chat.models.threads",
        "chat.generation.shutdown",
        "chat.generation.background",
        "chat.attachments.sandbox",
        "chat.generation.deadline",
        "chat.i18n",
    ),
    ("chat.providers.openai",),
    ("chat.models",),
    (
        "chat.import_export",
        "chat.attachments.uploads",
        "chat.attachments.prompt_files",
        "chat.conversations.search",
        "chat.conversations.sharing",
        "chat.conversations.messages",
        "chat.conversations.feedback",
        "chat.conversations.organizing",
        "chat.conversations.listing",
        "chat.forms.requests",
        "chat.conversations.prompt_library",
        "chat.forms.options",
        "chat.conversations.preferences",
        "chat.core.endings",
        "chat.generation.recovery",
        "chat.generation.titles",
        "chat.retention.vacuum",
        "chat.retention.erasure",
        "chat.retention.expiry",
        "chat.conversations.temporary",
    ),
    ("chat.generation.engine",),
    ("chat.live.follower",),
    ("chat.views", "chat.admin", "chat.templatetags", "chat.apps"),
    ("chat.diagnostics.checkstream", "chat.urls"),
    ("chat.management",),
]
"""From the bottom to the top. A module imports from lower layers and from its own."""

PURE = LAYERS[0]
ONLY = {
    "PIL": ["chat.attachments.inspection.images"],
    "pypdf": ["chat.attachments.inspection.pdfs"],
    "pydantic": ["chat.import_export.chatgpt", "chat.import_export.document"],
    "openai": ["chat.providers.openai"],
    "httpx2": ["chat.providers.openai"],
    "aiohttp": ["chat.providers.openai"],
    "redis": ["chat.live.exchange.redis"],
    "xllamacpp": ["chat.providers.local"],
}
"""Packages, and the modules that alone may import them."""
NEVER = {
    "chat.models": [
        "chat.generation.engine",
        "chat.live.follower",
        "chat.conversations.messages",
        "chat.providers.openai",
        "chat.views",
    ],
    "chat.providers.openai": ["chat.models", "chat.generation.engine", "django.db"],
    "chat.live.exchange": ["chat.models", "chat.generation.engine", "django.db"],
    "chat.providers.local": ["chat.models", "django"],
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
        ("chat.models.message", "from chat.generation.engine import engine"),
        ("chat.models.message", "def f():\n    from chat import engine"),
        ("chat.providers.openai", "from chat.models import Message"),
        ("chat.live.exchange.memory", "import chat.models.message"),
        ("chat.generation.engine", "from chat.views.streams import event_stream"),
        ("chat.generation.engine", "import openai"),
        ("chat.views.messages", "from openai import AsyncOpenAI"),
        ("chat.live.exchange.memory", "import redis.asyncio"),
        ("chat.core.reply", "from django.utils import timezone"),
        ("chat.core.reply", "from chat.live.exchange import LiveReply"),
        ("chat.core.sse", "import django"),
        ("chat.conversations.messages", "from chat import engine"),
        ("chat.forms.requests", "from chatsite import accounts"),
        ("chat.somewhere", ""),
    ],
)
def test_a_violation_would_be_found(module: str, source: str) -> None:
    assert violations(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("chat.models.message", "from chat.core.reply import Reply\nfrom chat.models.generation import LEASE"),
        ("chat.live.exchange.redis", "import redis.asyncio"),
        ("chat.providers.openai", "import openai, httpx2\nfrom django.conf import settings"),
        ("chat.models.message", "if TYPE_CHECKING:\n    from chat.generation.engine import Engine"),
    ],
)
def test_what_is_allowed_is_not(module: str, source: str) -> None:
    assert violations(module, source) == []
