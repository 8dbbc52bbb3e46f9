"""Tools that are functions of the project: `@tool` makes one of a function, and leaves the function as it is."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from asgiref.sync import ThreadSensitiveContext

from chat.conf import settings
from chat.core.limits import TOOL_NAME_CHARACTERS
from chat.models.users import has_permission
from chat.tools.base import NAME, Context, Returned, Tool
from chat.tools.registry import register_supplier
from chat.tools.returning import as_text
from chat.tools.signature import Signature, Undescribable, signature_of
from chat.tools.threads import OfUser, threads

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

Function = TypeVar("Function", bound=Callable[..., Any])
IsAvailable = Callable[[Any], bool]


@dataclass(frozen=True, kw_only=True)
class PythonTool(Tool):
    function: Callable[..., Any]
    signature: Signature
    permissions: tuple[str, ...] = ()
    available: IsAvailable | None = None

    @property
    def has_turns(self) -> bool:
        return not inspect.iscoroutinefunction(self.function)

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return self.signature.check(arguments)

    def is_available(self, user: Any) -> bool:
        is_permitted = all(has_permission(user, permission) for permission in self.permissions)
        return is_permitted and (self.available is None or bool(self.available(user)))

    async def call(self, context: Context, arguments: dict[str, Any]) -> Returned:
        if self.signature.context:
            arguments = {self.signature.context: context} | arguments
        run = partial(self.function, **arguments)
        of_user, most = OfUser(threads, context.user.pk), settings.CHAT_TOOL_CHARS
        if self.has_turns:
            content = await of_user.call(partial(_run_in_thread, context, run, most), context.begun)
        else:
            content = as_text(await _with_database_of(of_user, run), most)
        return Returned(content, tuple(context.sources))


def _run_in_thread(context: Context, run: Callable[[], Any], most: int) -> str:
    with context.reader.active():
        return as_text(run(), most)


async def _with_database_of(of_user: OfUser, run: Callable[[], Awaitable[Any]]) -> Any:
    """What it asks the database for is done in the threads of tools."""
    async with ThreadSensitiveContext(executor=of_user):
        return await run()


@dataclass(slots=True)
class Found:
    """What `@tool` has found so far, for the registry and for the system checks."""

    tools: list[PythonTool] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    """Where a function is that cannot be a tool, and why."""


found = Found()


@overload
def tool(function: Function, /) -> Function: ...


@overload
def tool(
    *,
    permission: str | Iterable[str] = (),
    available: IsAvailable | None = None,
    changes: bool = False,
    outside: bool = False,
    title: _StrOrPromise = "",
    name: str = "",
) -> Callable[[Function], Function]: ...


def tool(function: Any = None, /, **options: Any) -> Any:
    """Let models call this function, as the user who asks.

    `permission`: one that the user must have, or several. `available`: says of a user whether they may use it at all.
    Both are asked when the tool is offered and again when it runs.
    `changes`: it changes something, so each call waits for the user's yes. `outside`: it sends data outside.
    `title`: what it does, for people. `name`: for models, where it is not to be the function's.

    What cannot be a tool is one that the system check names, and is offered to nobody.
    """
    if function is None:
        return partial(_add, options=options)
    return _add(function, options={})


def _add(function: Function, options: dict[str, Any]) -> Function:
    try:
        found.tools.append(made(function, **options))
    except Undescribable as exc:
        found.faults.append((where(function), str(exc)))
    return function


def made(
    function: Callable[..., Any],
    *,
    permission: str | Iterable[str] = (),
    available: IsAvailable | None = None,
    changes: bool = False,
    outside: bool = False,
    title: _StrOrPromise = "",
    name: str = "",
) -> PythonTool:
    """Raises Undescribable."""
    name = name or function.__name__
    if not NAME.fullmatch(name):
        raise Undescribable(f"services take no such name: up to {TOOL_NAME_CHARACTERS} of a-z, A-Z, 0-9, _ and -")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise Undescribable("it is a generator: return a list")
    signature = signature_of(function)
    return PythonTool(
        name=name,
        title=title or name.replace("_", " ").replace("-", " ").strip().capitalize() or name,
        description=signature.description,
        parameters=signature.parameters,
        changes=changes,
        outside=outside,
        function=function,
        signature=signature,
        permissions=(permission,) if isinstance(permission, str) else tuple(permission),
        available=available,
    )


def where(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def supply() -> Iterable[Tool]:
    return found.tools


register_supplier(supply)
