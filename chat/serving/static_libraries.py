"""The browser's libraries as static files, out of node_modules, where npm installs them in a checkout.

Only the files that a browser asks for are static files, so that collecting, hashing and compressing them is quick.
Nothing needs node_modules: without it the import map is empty and the page shows plain text. A wheel brings them along
as static files of the app, which Django's own finder finds under the same names.

django-esm does not fit: its `collectstatic` runs `npx --yes esimport`, which fails without npm and fetches what
no lock file pins; its import map fails without a file that this makes, and its server is WSGI alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage

from chat.core.browser_libraries import FILES, PREFIX


class LibraryFinder(finders.BaseFinder):
    """Finds the libraries' files, as `libraries/<file in node_modules>`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._storage = FileSystemStorage(settings.NODE_MODULES)
        self._storage.prefix = PREFIX  # type: ignore[attr-defined] # as in Django's own finders

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        name = path.removeprefix(f"{PREFIX}/")
        found = name != path and matches_patterns(name, FILES) and self._storage.exists(name)
        if not found:
            return []
        return [self._storage.path(name)] if find_all else self._storage.path(name)

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        for pattern in FILES:
            for file in sorted(Path(self._storage.location).glob(pattern)):
                yield file.relative_to(self._storage.location).as_posix(), self._storage
