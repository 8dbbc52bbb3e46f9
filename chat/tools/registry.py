"""Which tools there are: suppliers give them, and whoever wants them asks here."""

import logging
from collections.abc import Callable, Iterable

from chat.tools.base import Tool

logger = logging.getLogger(__name__)

Supplier = Callable[[], Iterable[Tool]]
_suppliers: list[Supplier] = []


def register_supplier(supplier: Supplier) -> None:
    """It is asked for each answer, on the event loop: it must neither wait nor ask the database.

    Of tools with one name the first counts, in the order in which suppliers are registered.
    """
    if supplier not in _suppliers:
        _suppliers.append(supplier)


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
