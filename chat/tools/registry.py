"""Which tools there are: suppliers give them, and whoever wants them asks here."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from chat.tools.base import Tool

logger = logging.getLogger(__name__)

Supplier = Callable[[], Iterable[Tool]]
Close = Callable[[], Awaitable[None]]
_suppliers: list[Supplier] = []
_stored: list["Stored"] = []
_closing: list[Close] = []


class Stored(Protocol):
    """Tools that are read in the database, and read anew from time to time."""

    def tools(self) -> Iterable[Tool]:
        """As they were read last."""

    @property
    def is_due(self) -> bool:
        """Are they to be read?"""

    def read(self) -> None:
        """In a thread that may ask the database."""


def register_supplier(supplier: Supplier) -> None:
    """It is asked for each answer, on the event loop: it must neither wait nor ask the database.

    Of tools with one name the first counts, in the order in which suppliers are registered.
    """
    if supplier not in _suppliers:
        _suppliers.append(supplier)


def register_stored(stored: Stored, close: Close) -> None:
    """As a supplier, which is read before it is asked where that is due. `close` is awaited when the process ends."""
    register_supplier(stored.tools)
    _stored.append(stored)
    _closing.append(close)


def is_due() -> bool:
    """Is anything to be read before the tools are asked for?"""
    return any(stored.is_due for stored in _stored)


def read_due() -> None:
    """In a thread that may ask the database."""
    for stored in _stored:
        if stored.is_due:
            stored.read()


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
