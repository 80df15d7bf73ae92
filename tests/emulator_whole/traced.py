"""Run the emulator's command, and note what each operation works on: `GET /_emulator/trace`."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import Any

from bytehouse_emulator._call import HANDLERS, Call
from bytehouse_emulator._emulator import Emulator
from bytehouse_emulator._engine import Engine
from bytehouse_emulator.cli import main
from bytehouse_emulator._state import State
from starlette.requests import Request

from bytehouse_emulator import _handlers, _levers

SEEN: ContextVar[set[str]] = ContextVar("SEEN")
TRACE: list[tuple[str, set[str]]] = []


def note(owner: type, method: str, what: str) -> None:
    """Let a method note that it was called, for whichever operation that was."""
    original = getattr(owner, method)

    def noted(*arguments: Any, **options: Any) -> Any:
        SEEN.get(set()).add(what)
        return original(*arguments, **options)

    setattr(owner, method, noted)


def follow(owner: type, method: str, place: int) -> None:
    """Let a thread that is begun work for the operation that begins it."""
    original = getattr(owner, method)

    def followed(self: Any, *arguments: Any, **options: Any) -> Any:
        context = copy_context()
        if "target" in options:
            options["target"] = _within(context, options["target"])
        elif len(arguments) > place:
            changed = list(arguments)
            changed[place] = _within(context, changed[place])
            arguments = tuple(changed)
        return original(self, *arguments, **options)

    setattr(owner, method, followed)


def _within(context: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments, **options: context.copy().run(function, *arguments, **options)


def trace(operation: str, handler: Any) -> Any:
    """Let a handler that succeeds leave a trace."""

    async def asynchronous(call: Call) -> Any:
        seen: set[str] = set()
        SEEN.set(seen)
        answer = await handler(call)
        TRACE.append((operation, seen))
        return answer

    def synchronous(call: Call) -> Any:
        seen: set[str] = set()
        SEEN.set(seen)
        answer = handler(call)
        TRACE.append((operation, seen))
        return answer

    return asynchronous if inspect.iscoroutinefunction(handler) else synchronous


async def tell(_emulator: Emulator, _request: Request) -> dict[str, Any]:
    """Answer with what each operation worked on."""
    found: dict[str, set[str]] = {}
    for operation, seen in TRACE:
        found.setdefault(operation, set()).update(seen)
    return {operation: sorted(seen) for operation, seen in found.items()}


if __name__ == "__main__":
    for name, found in list(HANDLERS.items()):
        HANDLERS[name] = found._replace(run=trace(name, found.run))
    note(Engine, "session", "engine")
    note(Engine, "kill", "engine")
    note(DocumentStore, "execute", "state")
    follow(ThreadPoolExecutor, "submit", 0)
    follow(threading.Thread, "__init__", 1)
    ENDPOINTS["GET", "/_emulator/trace"] = tell
    main()
