"""Register the handlers of operations, and describe what each is called with and returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from bytehouse_emulator.emulator import Emulator
from bytehouse_emulator.iam.users import Caller


@dataclass(frozen=True)
class Call:
    """A call of an operation whose parameters and body match the specification."""

    emulator: Emulator
    operation: str
    parameters: dict[str, Any]
    body: dict[str, Any]
    role: str
    caller: Caller

    def string(self, name: str) -> str:
        """Return a string parameter, "" if it is absent."""
        value = self.parameters.get(name)
        return value if isinstance(value, str) else ""

    def integer(self, name: str, default: int = 0) -> int:
        """Return an integer parameter."""
        value = self.parameters.get(name)
        return value if isinstance(value, int) else default


@dataclass(frozen=True)
class Streamed:
    """A JSON response in chunks, for what may be large.

    Only one in the form that the specification has can be validated against it.
    """

    chunks: Iterator[bytes]
    specified: bool = True


Result = dict[str, Any] | Streamed
Function = Callable[[Call], Result] | Callable[[Call], Awaitable[Result]]
Authorize = Callable[[Call], None]
_F = TypeVar("_F", bound=Function)


class Handler(NamedTuple):
    """The function that carries an operation out, and what checks the caller's role before it."""

    run: Function
    authorize: Authorize


HANDLERS: Final[dict[str, Handler]] = {}


def operation(authorize: Authorize) -> Callable[[_F], _F]:
    """Register a function as the handler of the operation it is named after."""

    def register(function: _F) -> _F:
        HANDLERS[function.__name__] = Handler(function, authorize)
        return function

    return register
