"""Static files under hashed names, so that browsers may keep them for ever."""

import logging
import re
from collections.abc import Callable
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from servestatic.storage import CompressedManifestStaticFilesStorage

logger = logging.getLogger(__name__)

BARE_NAME = re.compile(r"""import\(["'][^./]""")
IN_A_COMMENT = re.compile(r"\s*\*|.*/\*")


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # untyped base
    """Also rewrites the `import` statements of ES modules, which Django leaves alone unless told."""

    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        """Its own name, as long as nothing has been collected: without it every page would fail."""
        return super().stored_name(name) if self.hashed_files else name

    def url_converter(self, *args: Any, **kwargs: Any) -> Callable[[re.Match[str]], str]:
        """Leaves `import("name")` to the import map, and types in comments, which may go round in circles, alone."""
        convert = super().url_converter(*args, **kwargs)
        return lambda match: match[0] if _names_no_file(match) else convert(match)


def _names_no_file(match: re.Match[str]) -> bool:
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    return bool(BARE_NAME.match(match[0]) or (match[0].startswith("import(") and IN_A_COMMENT.match(line)))


def warn_if_not_collected() -> None:
    if isinstance(staticfiles_storage, HashedStaticFilesStorage) and not staticfiles_storage.hashed_files:
        logger.error(
            "The static files have not been collected, so they are served as they are, which is slower. "
            "Run: manage.py collectstatic"
        )
