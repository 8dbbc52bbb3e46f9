"""What the wheel holds besides chat/: its templates, static files and translations, out of the top of the checkout.

And the browser's libraries with their licences, where npm has fetched them; without npm the wheel is made all the
same, and shows plain text. An editable install gets none of it: there the top of the checkout serves.
"""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = {
    "templates/chat": "chat/templates/chat",
    "templates/admin/chat": "chat/templates/admin/chat",
    "static/chat": "chat/static/chat",
    "locale": "chat/locale",
}
"""Where a checkout has them, and where Django looks for an app's."""


class AppFiles(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        for folder, place in FOLDERS.items():
            for file in files_of(root / folder):
                build_data["force_include"][str(file)] = f"{place}/{file.relative_to(root / folder).as_posix()}"
        libraries = runpy.run_path(str(root / "chat/assets/library_files.py"))
        node_modules = root / "node_modules"
        for pattern in (*libraries["FILES"], *libraries["LICENCES"]):
            for file in sorted(node_modules.glob(pattern)):
                name = file.relative_to(node_modules).as_posix()
                build_data["force_include"][str(file)] = f"chat/static/{libraries['PREFIX']}/{name}"


def files_of(folder: Path) -> Iterator[Path]:
    """All but hidden ones, such as an editor's or one that keeps a folder in git."""
    return (file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith("."))
