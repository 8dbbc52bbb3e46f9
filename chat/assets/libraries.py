"""The browser's libraries: npm installs them into node_modules, staticfiles serves them, an import map names them.

Only the files that a browser asks for are static files, so that collecting, hashing and compressing them is quick.
Nothing needs node_modules: without it the import map is empty and the page shows plain text. A wheel brings the files
along as static files of the app, which Django's own finder finds under the same names.

django-esm does not fit: its `collectstatic` runs `npx --yes esimport`, which fails without npm and fetches what
no lock file pins; its import map fails without a file that this makes, and its server is WSGI alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage

from chat.assets.library_files import FILES, MODULES, PREFIX


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


def addresses() -> dict[str, str]:
    """Where the page finds its libraries, by the names that its modules import; without those not installed."""
    files = {name: f"{PREFIX}/{file}" for name, file in MODULES.items()}
    return {name: staticfiles_storage.url(file) for name, file in files.items() if _exists(file)}


def missing() -> list[str]:
    """The packages of npm of which the page lacks a file."""
    lacking = [file for file in MODULES.values() if not _exists(f"{PREFIX}/{file}")]
    return sorted({"/".join(file.split("/")[: 2 if file.startswith("@") else 1]) for file in lacking})


def _exists(file: str) -> bool:
    """Among what was collected, where names are hashed; with DEBUG on they are not, whatever the storage."""
    if isinstance(staticfiles_storage, ManifestFilesMixin) and staticfiles_storage.hashed_files and not settings.DEBUG:
        return file in staticfiles_storage.hashed_files
    return bool(finders.find(file))
