"""Static files under hashed names, so that browsers may keep them for ever."""

import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.staticfiles.storage import ManifestFilesMixin, StaticFilesStorage, staticfiles_storage
from django.core.files.storage import Storage

from chat.assets.js_modules import imported_first

logger = logging.getLogger(__name__)

BARE_NAME = re.compile(r"""import\(["'][^./]""")
IN_A_COMMENT = re.compile(r"\s*\*|.*/\*")
COMMENT = r"(?ms)^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n"
"""A documentation comment on lines of its own, in which nothing else stands."""
OURS = "chat/js/"

Paths = dict[str, tuple[Storage, str]]
"""Where each file is, by its name."""


class HashedModules(ManifestFilesMixin):
    """Also rewrites the `import` statements of ES modules, which Django leaves alone unless told.

    Our modules go out without their documentation, a third of what they weigh: nobody reads it in a browser.
    """

    support_js_module_import_aggregation = True
    max_post_process_passes = 20  # a name changes with each that it imports, and the chain is longer than Django's 5
    patterns = (*ManifestFilesMixin.patterns, ("*.js", ((COMMENT, ""),)))

    def stored_name(self, name: str) -> str:
        """Its own name, as long as nothing has been collected: without it every page would fail."""
        return super().stored_name(name) if self.hashed_files else name

    def post_process(self, paths: Paths, dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """What is imported comes before what imports it, as far as Django lets it, which begins with deep folders:

        a name changes with each that its module imports, and Django does all again until none changes.
        """
        ours = {name: _read(*paths[name]) for name in paths if name.startswith(OURS) and name.endswith(".js")}
        others = {name: place for name, place in paths.items() if name not in ours}
        ordered = others | {name: paths[name] for name in imported_first(ours)}
        yield from super().post_process(ordered, dry_run=dry_run, **options)

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None, *rest: Any
    ) -> Callable[[re.Match[str]], str]:
        """Leaves `import("name")` to the import map, and types in comments, which may go round in circles, alone.

        `rest`: what Django 6 says of comments.
        """
        if template == "":
            return lambda match: "" if name.startswith(OURS) else match[0]
        convert = super().url_converter(name, hashed_files, template, *rest)
        return lambda match: match[0] if _names_no_file(match) else convert(match)


class HashedStaticFilesStorage(HashedModules, StaticFilesStorage):  # type: ignore[misc] # as in Django
    """Django's ManifestStaticFilesStorage, with modules: for projects that serve hashed names."""


def _read(storage: Storage, path: str) -> str:
    with storage.open(path) as file:
        return str(file.read(), "utf-8", "replace")


def _names_no_file(match: re.Match[str]) -> bool:
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    return bool(BARE_NAME.match(match[0]) or (match[0].startswith("import(") and IN_A_COMMENT.match(line)))


def warn_if_not_collected() -> None:
    if isinstance(staticfiles_storage, HashedModules) and not staticfiles_storage.hashed_files:
        logger.error(
            "The static files have not been collected, so they are served as they are, which is slower. "
            "Run: manage.py collectstatic"
        )
