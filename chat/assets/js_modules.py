"""Which ES modules a page loads: its entry module, and what that imports, and what that imports.

A browser learns of an import when it reads the module that has it, so that modules come one after another unless the
page names them all. The names are those of the source; the page's storage says under which address each is served.
"""

import posixpath
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

IMPORT = re.compile(r"""^(?:import|export)\s(?:[^"'();]*?\sfrom\s)?\s*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)
"""A statement at the beginning of a line; `import("…")` loads when it is called, and a bare name is a library's."""


@cache
def imported_by(entry: str) -> tuple[str, ...]:
    """The static files that a module imports, directly and indirectly, sorted. Read once a process."""
    found = {entry}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        imports = {_resolved(name, path) for path in IMPORT.findall(_source(name))}
        waiting += imports - found
        found |= imports
    return tuple(sorted(found - {entry}))


def imported_first(sources: dict[str, str]) -> list[str]:
    """The names of these modules, each behind those that it imports; as they come where some go round in circles."""
    imports = {name: {_resolved(name, path) for path in IMPORT.findall(text)} for name, text in sources.items()}
    try:
        return [name for name in TopologicalSorter(imports).static_order() if name in sources]
    except CycleError:
        return list(sources)


def _resolved(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _source(name: str) -> str:
    """What a module says; nothing where it cannot be read, since to name what will be needed is no more than a help.

    The finders come first: they know a file before it is collected, and under its own name.
    """
    if path := finders.find(name):
        return Path(path).read_text(encoding="utf-8")
    if staticfiles_storage.exists(name):
        with staticfiles_storage.open(name) as file:
            return str(file.read(), "utf-8")
    return ""
