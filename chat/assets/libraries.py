"""The browser's libraries: npm installs them into node_modules, staticfiles serves them, an import map names them.

Only the files that a browser asks for are static files, so that collecting, hashing and compressing them is quick.
Nothing needs node_modules: without it the import map is empty and the page shows plain text.

django-esm does not fit: its `collectstatic` runs `npx --yes esimport`, which fails without npm and fetches what
no lock file pins; its import map fails without a file that this makes, and its server is WSGI alone.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage
from django.utils.safestring import SafeString, mark_safe

MODULES = {
    "marked": "marked/lib/marked.esm.js",
    "dompurify": "dompurify/dist/purify.es.mjs",
    "remend": "remend/dist/index.js",
    "@highlightjs/cdn-assets/es/highlight.min.js": "@highlightjs/cdn-assets/es/highlight.min.js",
    "katex": "katex/dist/katex.min.js",  # half the size of its .mjs
    "katex/dist/katex.min.css": "katex/dist/katex.min.css",
}
"""What modules import, and which file of node_modules that is. Node.js resolves the same names to the same files."""

FIRST = ("marked", "dompurify", "remend")
"""What every conversation needs; the others are loaded when a message has code or maths."""

PATTERNS = [*MODULES.values(), "marked/lib/marked.esm.js.map", "katex/dist/fonts/*"]
PREFIX = "libraries"


class LibraryFinder(finders.BaseFinder):
    """Finds the libraries' files, as `libraries/<file in node_modules>`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._storage = FileSystemStorage(settings.NODE_MODULES)
        self._storage.prefix = PREFIX  # type: ignore[attr-defined] # as in Django's own finders

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        name = path.removeprefix(f"{PREFIX}/")
        found = name != path and matches_patterns(name, PATTERNS) and self._storage.exists(name)
        if not found:
            return []
        return [self._storage.path(name)] if find_all else self._storage.path(name)

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        for pattern in PATTERNS:
            for file in sorted(Path(self._storage.location).glob(pattern)):
                yield file.relative_to(self._storage.location).as_posix(), self._storage


register = template.Library()


@register.inclusion_tag("chat/_libraries.html", takes_context=True)
def browser_libraries(context: dict[str, Any]) -> dict[str, Any]:
    """The import map, and what to load at once. It must stand before all modules of its page.

    The policy allows the map by its nonce; the header of a page without a map bears none.
    """
    found = addresses()
    return {
        "import_map": _script_json({"imports": found}),
        "first": [found[name] for name in FIRST if name in found],
        "nonce": context["request"].csp_nonce,
    }


def addresses() -> dict[str, str]:
    """Where the page finds its libraries, by the names that its modules import; without those not installed."""
    found = {name: _address(f"{PREFIX}/{file}") for name, file in MODULES.items()}
    return {name: address for name, address in found.items() if address}


def _address(path: str) -> str | None:
    if isinstance(staticfiles_storage, ManifestFilesMixin):
        return staticfiles_storage.url(path) if path in staticfiles_storage.hashed_files else None
    return staticfiles_storage.url(path) if finders.find(path) else None


def _script_json(value: object) -> SafeString:
    """JSON that neither ends its script element nor begins a comment there."""
    return mark_safe(json.dumps(value, separators=(",", ":")).replace("<", "\\u003C"))  # noqa: S308 - just escaped
