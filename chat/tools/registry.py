"""Which tools there are: suppliers give them, and whoever wants them asks here."""

import logging
from collections.abc import Awaitable, Callable, Iterable

from chat.tools.base import Tool

logger = logging.getLogger(__name__)

Supplier = Callable[[], Iterable[Tool]]
Hook = Callable[[], Awaitable[None]]
_suppliers: list[Supplier] = []
_preparing: list[Hook] = []
_closing: list[Hook] = []


def register_supplier(supplier: Supplier, prepare: Hook | None = None, close: Hook | None = None) -> None:
    """It is asked for each answer, on the event loop: it must neither wait nor ask the database.

    Of tools with one name the first counts, in the order in which suppliers are registered. `prepare` is awaited
    before it is asked, and `close` when the process ends.
    """
    if supplier not in _suppliers:
        _suppliers.append(supplier)
        _preparing.extend([prepare] if prepare else [])
        _closing.extend([close] if close else [])


async def prepare() -> None:
    for hook in _preparing:
        await hook()


async def close() -> None:
    for hook in _closing:
        await hook()


def names_besides(supplier: Supplier) -> set[str]:
    """Those of the tools that others supply."""
    return {tool.name for other in _suppliers if other != supplier for tool in other()}


def tools() -> dict[str, Tool]:
    """By name."""
    found = dict[str, Tool]()
    for supplier in _suppliers:
        try:
            for tool in supplier():
                found.setdefault(tool.name, tool)
        except Exception:
            logger.exception("The tools of %s are missing", getattr(supplier, "__qualname__", supplier))
    return found
