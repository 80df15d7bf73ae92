"""Run the emulator's command, and record what each operation uses: `GET /_emulator/trace`."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import Any

from starlette.requests import Request

import bytehouse_emulator.handlers  # noqa: F401 - it registers them
from bytehouse_emulator.calls.call import HANDLERS, Call
from bytehouse_emulator.cli import main
from bytehouse_emulator.control.api import ENDPOINTS
from bytehouse_emulator.emulator import Emulator
from bytehouse_emulator.sql.engine import Engine
from bytehouse_emulator.storage.documents import DocumentStore

USED: ContextVar[set[str]] = ContextVar("USED")
TRACE: list[tuple[str, set[str]]] = []


def record(owner: type, method: str, what: str) -> None:
    """Let a method record that it was called, for whichever operation."""
    original = getattr(owner, method)

    def recorded(*arguments: Any, **options: Any) -> Any:
        USED.get(set()).add(what)
        return original(*arguments, **options)

    setattr(owner, method, recorded)


def follow(owner: type, method: str, index: int) -> None:
    """Let a new thread work for the operation that starts it."""
    original = getattr(owner, method)

    def followed(self: Any, *arguments: Any, **options: Any) -> Any:
        context = copy_context()
        if "target" in options:
            options["target"] = _within(context, options["target"])
        elif len(arguments) > index:
            changed = list(arguments)
            changed[index] = _within(context, changed[index])
            arguments = tuple(changed)
        return original(self, *arguments, **options)

    setattr(owner, method, followed)


def _within(context: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments, **options: context.copy().run(function, *arguments, **options)


def trace(operation: str, handler: Any) -> Any:
    """Let a handler that succeeds add to the trace."""

    def finish(result: Any) -> Any:
        # Threads that the operation has started still add to it.
        TRACE.append((operation, USED.get()))
        return result

    async def asynchronous(call: Call) -> Any:
        USED.set(set())
        return finish(await handler(call))

    def synchronous(call: Call) -> Any:
        USED.set(set())
        return finish(handler(call))

    return asynchronous if inspect.iscoroutinefunction(handler) else synchronous


async def get_trace(_emulator: Emulator, _request: Request) -> dict[str, Any]:
    """Return what each operation used."""
    found: dict[str, set[str]] = {}
    for operation, used in TRACE:
        found.setdefault(operation, set()).update(used)
    return {operation: sorted(used) for operation, used in found.items()}


if __name__ == "__main__":
    for name, found in list(HANDLERS.items()):
        HANDLERS[name] = found._replace(run=trace(name, found.run))
    record(Engine, "session", "engine")
    record(Engine, "rows", "engine")
    record(Engine, "kill", "engine")
    record(DocumentStore, "execute", "state")
    follow(ThreadPoolExecutor, "submit", 0)
    follow(threading.Thread, "__init__", 1)
    ENDPOINTS["GET", "/_emulator/trace"] = get_trace
    main()
