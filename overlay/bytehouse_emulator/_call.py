"""Hand a checked call to the function that answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ._emulator import Emulator
from ._errors import invalid
from ._iam import Caller


@dataclass(frozen=True)
class Call:
    """A call of an operation, after everything the specification says was checked."""

    emulator: Emulator
    operation: str
    parameters: dict[str, Any]
    body: dict[str, Any]
    role: str
    caller: Caller

    def text(self, name: str) -> str:
        """Answer with a parameter that is a text; nothing if it was left out."""
        value = self.parameters.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str, default: int = 0) -> int:
        """Answer with a parameter that is a number."""
        value = self.parameters.get(name)
        return value if isinstance(value, int) else default


@dataclass(frozen=True)
class Streamed:
    """A JSON answer in pieces, for what may be large.

    One in a shape that the specification does not know, because it was asked for, is not validated.
    """

    pieces: Iterator[bytes]
    specified: bool = True


Answer = dict[str, Any] | Streamed
Handler = Callable[[Call], Answer] | Callable[[Call], Awaitable[Answer]]
HANDLERS: Final[dict[str, Handler]] = {}
_H = TypeVar("_H", bound=Handler)
_PAGE: Final = 100


def operation(handler: _H) -> _H:
    """Let a function answer the operation that it is named after."""
    HANDLERS[handler.__name__] = handler
    return handler


def page(call: Call, entries: list[dict[str, Any]], key: str = "name") -> dict[str, Any]:
    """Answer with one page of a list, as `filter`, `offset` and `limit` ask for it.

    How the filter matches is not documented; anywhere in the name and in any case is inferred, and
    so is the length of a page nobody asked a length for.
    """
    offset, limit = call.number("offset"), call.number("limit", _PAGE)
    if limit < 0:
        raise invalid("Parameter", "The query parameter 'limit' must not be negative.")
    wanted = call.text("filter").lower()
    found = [entry for entry in entries if wanted in entry[key].lower()]
    return {
        "data": found[offset : offset + limit],
        "meta": {"offset": offset, "total": len(found)},
    }
