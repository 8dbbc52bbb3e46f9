"""Static files as servestatic serves them, each looked at when somebody first asks for it.

servestatic looks at all of them while the process starts: at hundreds, a fifth of a second, most of which goes into
the headers of files that nobody asks this process for, and into links that might lead out of their folder.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

try:
    from servestatic import middleware as servestatic
except ImportError:  # servestatic is a project's own choice
    servestatic = None

Original: Any = servestatic and servestatic.ServeStaticMiddleware


class Files(dict[str, Any]):
    """By address: one of servestatic's, or what adds it if it may be served."""

    def get(self, address: str, default: Any = None) -> Any:
        if isinstance(add := super().get(address), partial):
            del self[address]
            add()
        return super().get(address, default)


class ServeStaticMiddleware(Original or object):  # type: ignore[misc] # untyped
    def initialize(self) -> None:
        self.files = Files()

    def add_file_to_dictionary(
        self, url: str, path: str, root: str | None = None, stat_cache: Mapping[str, Any] | None = None
    ) -> None:
        """At once where it is not known to be there, and where a file has several addresses."""
        add = partial(super().add_file_to_dictionary, url, path, root=root, stat_cache=stat_cache)
        if not stat_cache or path not in stat_cache or self.index_file is not None:
            add()
        elif not self.is_compressed_variant(path, stat_cache=stat_cache):
            self.files[url] = add
