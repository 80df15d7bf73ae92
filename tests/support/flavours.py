"""One client in two flavours: the tests are written once and run on both."""

from __future__ import annotations

import asyncio
import inspect
import operator
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Protocol, Self, cast

import pytest

from bytehouse import AsyncByteHouse, ByteHouse, Clock

__all__ = ["KEY", "FakeClock", "InLoop", "Interrupted", "MakeClient"]
__all__ += ["client_maker", "every_transport"]

KEY = "id-7:Hush-7f3a9c51d2e8"


class FakeClock(Clock):
    """Run as the real clock does, and jump instead of waiting.

    Attributes:
        slept: Every wait that was asked for.
        on_sleep: Called before each wait.
    """

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.slept: list[float] = []
        self.on_sleep: Callable[[], object] = lambda: None
        self._start = now
        self._jumped = 0.0

    def clear(self) -> None:
        """Forget the waits so far; the time that they took has passed."""
        self.slept.clear()
        self.on_sleep = lambda: None

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._jumped += seconds

    def monotonic(self) -> float:
        return time.monotonic() + self._jumped

    def now(self) -> float:
        return self._start

    def fraction(self) -> float:
        return 1.0

    def sleep(self, seconds: float) -> None:
        self.on_sleep()
        self.slept.append(seconds)
        self._jumped += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)


class MakeClient(Protocol):
    """Make a client; it is closed when the test ends."""

    def __call__(
        self, host: str | None = None, api_key: Any = KEY, **settings: Any
    ) -> ByteHouse: ...


class Face:
    """Show an asynchronous object as if it were a synchronous one."""

    def __init__(self, target: Any, runner: asyncio.Runner | InLoop) -> None:
        self._target = target
        self._runner = runner

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        # What a `with` block around the call has set holds for it, as it would around an `await`.
        return self._runner.run(coroutine, context=copy_context())

    def _shown(self, value: Any) -> Any:
        if inspect.iscoroutine(value):
            return self._shown(self._run(value))
        ours = type(value).__module__.startswith("bytehouse._async")
        if isinstance(value, list):
            shown = [self._shown(each) for each in value]
            return value if all(map(operator.is_, shown, value)) else shown
        if ours or inspect.ismethod(value) or inspect.isasyncgen(value):
            return Face(value, self._runner)
        return value

    def __getattr__(self, name: str) -> Any:
        name = {"close": "aclose"}.get(name, name)
        return self._shown(getattr(self._target, name))

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._shown(self._target(*args, **options))

    def __iter__(self) -> Iterator[Any]:
        iterator = aiter(self._target)

        async def following() -> Any:
            return await anext(iterator)

        while True:
            try:
                value = self._run(following())
            except StopAsyncIteration:
                return
            yield self._shown(value)

    def __getitem__(self, place: Any) -> Any:
        return self._shown(self._target[place])

    def __len__(self) -> int:
        return len(self._target)

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Any:
        return self._shown(self._target.__aenter__())

    def __exit__(self, *problem: Any) -> Any:
        return self._shown(self._target.__aexit__(*problem))

    def __repr__(self) -> str:
        return repr(self._target)

    def __str__(self) -> str:
        return str(self._target)

    def __getstate__(self) -> Any:
        return self._target.__getstate__()


@pytest.fixture(name="flavour", params=["sync", "async", "aiohttp"])
def every_transport(request: pytest.FixtureRequest) -> str:
    """Name what a client is made with: flavour, and HTTP library where that is not httpx.

    A module that imports it has it in place of `flavour`, for what transports may do otherwise.
    """
    return str(request.param)


def client_maker(flavour: str, runner: asyncio.Runner | InLoop) -> MakeClient:
    """Return what makes clients of one flavour."""

    def make(host: str | None = None, api_key: Any = KEY, **settings: Any) -> ByteHouse:
        if flavour == "sync":
            return ByteHouse(host, api_key, **settings)
        if flavour == "aiohttp":
            settings = {"http": "aiohttp", **settings}
        # `cast` gives the tests the completion of the synchronous client in either flavour.
        return cast("ByteHouse", Face(AsyncByteHouse(host, api_key, **settings), runner))

    return make


class Interrupted(KeyboardInterrupt):
    """What a test raises in a call, as Ctrl-C does."""


class InLoop:
    """Run an asynchronous client in a loop that goes on after an interrupt, as in a notebook."""

    def run(self, coroutine: Coroutine[Any, Any, Any], **_: object) -> Any:
        """Run a coroutine; an interrupt that has struck the loop itself ends its task too."""
        task = self.loop.create_task(coroutine)
        try:
            return self.loop.run_until_complete(task)
        finally:
            if not task.done():
                self._end(task)

    def _end(self, task: asyncio.Task[Any]) -> None:
        task.cancel()
        with suppress(asyncio.CancelledError, Interrupted):
            self.loop.run_until_complete(task)

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
        return self

    def __exit__(self, *_: object) -> None:
        for task in asyncio.all_tasks(self.loop):
            self._end(task)
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
